//! Starting a rollout.

use shipway_api::operations::rollout::StartRollout;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<StartRollout>) -> Outcome<StartRollout> {
    let release = release::find(&it.app.runtime.state(), &it.body.release)?.id;
    let mut id = it.app.runtime.new_rollout_id();
    let environment = it.body.environment.clone();
    let receipt =
        it.submit(Command::StartRollout { id, release, environment, plan: it.body.plan_digest }).await?;
    for event in &receipt.events {
        // A repeat shows the rollout that was started first.
        if let Body::RolloutQueued { id: queued, .. } = event.body {
            id = queued;
        }
    }
    super::shown(&it.app, None, id).await
}
