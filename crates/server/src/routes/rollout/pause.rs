//! Pausing a rollout.

use shipway_api::operations::rollout::PauseRollout;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<PauseRollout>) -> Outcome<PauseRollout> {
    let id = it.path.rollout;
    super::act(&it, id, Command::PauseRollout { id, reason: it.body.reason.clone() }).await
}
