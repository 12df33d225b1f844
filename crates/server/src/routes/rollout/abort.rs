//! Stopping a rollout where it stands.

use shipway_api::operations::rollout::AbortRollout;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<AbortRollout>) -> Outcome<AbortRollout> {
    let id = it.path.rollout;
    super::act(&it, id, Command::AbortRollout { id, reason: it.body.reason.clone() }).await
}
