//! Taking an exception back.

use shipway_api::operations::calendar::WithdrawException;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<WithdrawException>) -> Outcome<WithdrawException> {
    let id = it.path.exception;
    it.submit(Command::WithdrawException { id, reason: it.body.reason.clone() }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
