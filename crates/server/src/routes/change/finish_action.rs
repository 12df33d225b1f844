//! Saying that an action of a review is done.

use shipway_api::operations::change::FinishAction;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<FinishAction>) -> Outcome<FinishAction> {
    let (id, action) = (it.path.change, it.path.action.clone());
    it.submit(Command::FinishAction { id, action, note: it.body.note.clone() }).await?;
    let state = it.app.runtime.state();
    views::change::review(&state, super::find(&state, id)?, it.now()).ok_or_else(|| super::forgotten(id))
}
