//! Recording a review.

use shipway_api::operations::change::HoldReview;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<HoldReview>) -> Outcome<HoldReview> {
    let id = it.path.change;
    it.submit(Command::HoldReview { id, review: it.body.clone() }).await?;
    let state = it.app.runtime.state();
    views::change::review(&state, super::find(&state, id)?, it.now()).ok_or_else(|| super::forgotten(id))
}
