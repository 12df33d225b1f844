//! Saying that a runbook is out of date.

use shipway_api::operations::runbook::OutdateRunbook;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<OutdateRunbook>) -> Outcome<OutdateRunbook> {
    let runbook = it.path.runbook.clone();
    let reason = it.body.reason.clone();
    it.submit(Command::OutdateRunbook { runbook: runbook.clone(), reason }).await?;
    Ok(views::runbook::view(&it.app.runtime.state(), &runbook)?)
}
