//! Fetching a sign-in that was finished in a browser, whose code and verifier were looked at before.

use shipway_api::operations::account::SignInByCode;

use crate::access::{self, Bearer};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<SignInByCode>) -> Outcome<SignInByCode> {
    let (code, _) = access::basic(&it.headers).ok_or_else(access::unauthenticated)?;
    // Of two who fetch at once, one gets it.
    let signed_in = it.app.handovers.take(&code).ok_or_else(access::unauthenticated)?;
    let bearer = Bearer::new(it.caller.token, &it.app.runtime.random_secret());
    super::issue(&it.app, &signed_in.account, Some(&signed_in.groups), &bearer).await
}
