//! Approving a step.

use shipway_api::operations::rollout::ApproveStep;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ApproveStep>) -> Outcome<ApproveStep> {
    let (id, step) = (it.path.rollout, it.path.step);
    super::act(&it, id, Command::ApproveStep { id, step, note: it.body.note.clone() }).await
}
