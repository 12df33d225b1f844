//! Saying that a condition of a vote is so.

use shipway_api::operations::board::MeetCondition;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::routes::change;
use crate::views;

pub(super) async fn handle(it: Incoming<MeetCondition>) -> Outcome<MeetCondition> {
    let id = it.path.change;
    let (board, vote) = (it.body.board.clone(), it.body.vote.clone());
    let (condition, note) = (it.body.condition, it.body.note.clone());
    it.submit(Command::MeetCondition { id, board, vote, condition, note }).await?;
    let state = it.app.runtime.state();
    views::change::view(&state, change::find(&state, id)?, it.now()).ok_or_else(|| change::forgotten(id))
}
