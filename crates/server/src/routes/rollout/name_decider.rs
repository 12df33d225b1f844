//! Saying who decides about a rollout.

use shipway_api::operations::rollout::NameDecider;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<NameDecider>) -> Outcome<NameDecider> {
    let id = it.path.rollout;
    super::act(&it, id, Command::NameDecider { id, decider: it.body.decider.clone() }).await
}
