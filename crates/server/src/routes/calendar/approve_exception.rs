//! Saying yes to an exception.

use shipway_api::operations::calendar::ApproveException;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ApproveException>) -> Outcome<ApproveException> {
    let id = it.path.exception;
    it.submit(Command::ApproveException { id }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
