//! Opening an account again.

use shipway_api::operations::account::EnableAccount;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<EnableAccount>) -> Outcome<EnableAccount> {
    let id = it.path.account;
    it.submit(Command::EnableAccount { id }).await?;
    Ok(super::shown(&it.app.runtime.state(), id))
}
