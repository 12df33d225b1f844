//! Carrying out a fallback.

use shipway_api::operations::runbook::FallBack;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};
use crate::routes::rollout;

pub(super) async fn handle(it: Incoming<FallBack>) -> Outcome<FallBack> {
    let mut id = it.app.runtime.new_rollout_id();
    let (runbook, fallback) = (it.path.runbook.clone(), it.path.fallback.clone());
    let (environment, reason) = (it.body.environment.clone(), it.body.reason.clone());
    let receipt = it.submit(Command::FallBack { id, runbook, fallback, environment, reason }).await?;
    for event in &receipt.events {
        // A repeat shows what was started first.
        if let Body::RolloutQueued { id: queued, .. } = event.body {
            id = queued;
        }
    }
    rollout::shown(&it.app, None, id).await
}
