//! Letting a paused rollout go on.

use shipway_api::operations::rollout::ResumeRollout;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ResumeRollout>) -> Outcome<ResumeRollout> {
    let id = it.path.rollout;
    super::act(&it, id, Command::ResumeRollout { id }).await
}
