//! Trying failed steps again.

use shipway_api::operations::rollout::RetryRollout;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RetryRollout>) -> Outcome<RetryRollout> {
    let id = it.path.rollout;
    super::act(&it, id, Command::Retry { id }).await
}
