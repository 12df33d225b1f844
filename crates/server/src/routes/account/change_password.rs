//! Changing one's own password.

use shipway_api::Code;
use shipway_api::operations::account::ChangePassword;

use crate::access::Bearer;
use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::sign_in::{self, password::check_strength};

pub(super) async fn handle(it: Incoming<ChangePassword>) -> Outcome<ChangePassword> {
    let id = it.state().access.get(it.caller.token).and_then(|token| token.account);
    let Some(id) = id else {
        let detail = format!("`{}` acts by a token that was issued, and has no password", it.caller.name);
        return Err(Failure::new(Code::UnknownAccount, detail).hint("sign in first: `shipway login`"));
    };
    let name = it.caller.name.clone();
    // A stolen session alone must not be enough to take the account over.
    let account = sign_in::by_password(&it.app, &name, &it.body.current, it.peer).await?;
    check_strength(&name, &it.body.new)?;
    if it.body.new == it.body.current {
        return Err(Failure::new(Code::WeakPassword, "the new password is the one that holds now"));
    }
    sign_in::set_password(&it.app, id, &name, &it.body.new).await?;
    let runtime = &it.app.runtime;
    let bearer = Bearer::new(runtime.new_token_id(), &runtime.random_secret());
    super::issue(&it.app, &account, None, &bearer).await
}
