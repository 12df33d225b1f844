//! Signing out.

use shipway_api::Code;
use shipway_api::operations::account::SignOut;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<SignOut>) -> Outcome<SignOut> {
    let id = it.caller.token;
    let is_sign_in = it.state().access.get(id).is_some_and(|token| token.account.is_some());
    if !is_sign_in {
        let detail = format!("the token of `{}` was issued, and not given at a sign-in", it.caller.name);
        return Err(Failure::new(Code::InvalidRequest, detail)
            .hint(format!("an admin ends it with `shipway token revoke {id}`")));
    }
    it.submit(Command::RevokeToken { id }).await?;
    Ok(())
}
