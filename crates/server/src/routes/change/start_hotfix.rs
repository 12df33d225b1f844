//! Shipping an emergency.

use shipway_api::operations::change::StartHotfix;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};
use crate::routes::{release, rollout};

pub(super) async fn handle(it: Incoming<StartHotfix>) -> Outcome<StartHotfix> {
    let wanted = &it.body.rollout;
    let release = release::find(&it.app.runtime.state(), &wanted.release)?.id;
    let mut id = it.app.runtime.new_rollout_id();
    let (environment, plan) = (wanted.environment.clone(), wanted.plan_digest);
    let emergency = it.body.emergency.clone();
    let receipt = it.submit(Command::StartHotfix { id, release, environment, plan, emergency }).await?;
    for event in &receipt.events {
        // A repeat shows the rollout that was started first.
        if let Body::RolloutQueued { id: queued, .. } = event.body {
            id = queued;
        }
    }
    rollout::shown(&it.app, None, id).await
}
