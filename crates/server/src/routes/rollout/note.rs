//! Writing something down about a rollout.

use shipway_api::operations::rollout::NoteRollout;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<NoteRollout>) -> Outcome<NoteRollout> {
    let id = it.path.rollout;
    super::act(&it, id, Command::NoteRollout { id, note: it.body.note.clone() }).await
}
