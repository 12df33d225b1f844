//! Giving a signed word.

use shipway_api::operations::change::GiveApproval;
use shipway_engine::Command;

use crate::gates::first;
use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<GiveApproval>) -> Outcome<GiveApproval> {
    let id = it.path.change;
    first::note(&it.app, id).await?;
    it.submit(Command::GiveApproval { id, approval: it.body.clone() }).await?;
    let state = it.app.runtime.state();
    views::change::view(&state, super::find(&state, id)?, it.now()).ok_or_else(|| super::forgotten(id))
}
