//! Taking a waiver back.

use shipway_api::operations::waiver::WithdrawWaiver;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<WithdrawWaiver>) -> Outcome<WithdrawWaiver> {
    let id = it.path.waiver;
    it.submit(Command::WithdrawWaiver { id, reason: it.body.reason.clone() }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
