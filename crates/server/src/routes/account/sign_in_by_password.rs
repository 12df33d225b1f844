//! Signing in with a name and a password, which were looked at before.

use shipway_api::operations::account::SignIn;

use crate::access::Bearer;
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<SignIn>) -> Outcome<SignIn> {
    let account = it.app.runtime.state().access.accounts.named(&it.caller.name).cloned();
    let account = account.expect("who has signed in has an account");
    let bearer = Bearer::new(it.caller.token, &it.app.runtime.random_secret());
    super::issue(&it.app, &account, None, &bearer).await
}
