//! Adding an account.

use shipway_api::Code;
use shipway_api::operations::account::AddAccount;
use shipway_api::view::account::OneTimePassword;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::sign_in;

pub(super) async fn handle(it: Incoming<AddAccount>) -> Outcome<AddAccount> {
    let runtime = &it.app.runtime;
    let id = runtime.new_account_id();
    let receipt = it.submit(Command::AddAccount { id, account: it.body.clone() }).await?;
    if receipt.repeated {
        let detail = format!("the password of {} was in the first answer and is kept nowhere", it.body.name);
        return Err(Failure::new(Code::SecretShown, detail)
            .hint(format!("give it another one: `shipway user password {}`", it.body.name)));
    }
    let password = runtime.random_secret();
    sign_in::set_password(&it.app, id, &it.caller.actor(), &password).await?;
    Ok(OneTimePassword { account: super::shown(&runtime.state(), id), password })
}
