//! Taking on what a waiver lets through.

use shipway_api::operations::waiver::ApproveWaiver;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ApproveWaiver>) -> Outcome<ApproveWaiver> {
    let id = it.path.waiver;
    it.submit(Command::ApproveWaiver { id }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
