//! Taking a rollout back.

use shipway_api::operations::rollout::RollBack;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RollBack>) -> Outcome<RollBack> {
    let id = it.path.rollout;
    super::act(&it, id, Command::RollBack { id, reason: it.body.reason.clone() }).await
}
