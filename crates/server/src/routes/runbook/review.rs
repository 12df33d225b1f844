//! Saying that a runbook was read.

use shipway_api::operations::runbook::ReviewRunbook;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ReviewRunbook>) -> Outcome<ReviewRunbook> {
    let runbook = it.path.runbook.clone();
    let (revision, note) = (it.body.revision, it.body.note.clone());
    it.submit(Command::ReviewRunbook { runbook: runbook.clone(), revision, note }).await?;
    Ok(views::runbook::view(&it.app.runtime.state(), &runbook)?)
}
