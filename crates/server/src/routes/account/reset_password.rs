//! Giving an account a new one-time password.

use shipway_api::operations::account::ResetPassword;
use shipway_api::view::account::OneTimePassword;

use crate::incoming::{Incoming, Outcome};
use crate::sign_in;

pub(super) async fn handle(it: Incoming<ResetPassword>) -> Outcome<ResetPassword> {
    let id = it.path.account;
    let runtime = &it.app.runtime;
    if runtime.state().access.accounts.get(id).is_none() {
        return Err(super::unknown(id));
    }
    let password = runtime.random_secret();
    sign_in::set_password(&it.app, id, &it.caller.actor(), &password).await?;
    Ok(OneTimePassword { account: super::shown(&runtime.state(), id), password })
}
