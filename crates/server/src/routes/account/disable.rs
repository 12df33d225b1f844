//! Closing an account.

use shipway_api::operations::account::DisableAccount;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<DisableAccount>) -> Outcome<DisableAccount> {
    let id = it.path.account;
    it.submit(Command::DisableAccount { id }).await?;
    Ok(super::shown(&it.app.runtime.state(), id))
}
