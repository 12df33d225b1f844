//! The steps of a rollout, as they start.

use serde_json::Value;
use shipway_api::operations::rollout::{FollowRollout, RolloutPath};
use shipway_model::{Name, RolloutId};

use crate::site::Site;

pub(super) struct Steps {
    pub(super) rollout: RolloutId,
    /// The position of the last event that was read.
    read: Option<u64>,
}

impl Steps {
    pub(super) fn of(rollout: RolloutId) -> Self {
        Self { rollout, read: None }
    }

    /// Waits for the next step to start, and gives what the event says; nothing when the rollout has ended.
    pub(super) async fn next(&mut self, site: &mut Site) -> Option<Value> {
        self.next_event(site, "step.started").await
    }

    /// The same for another kind of event.
    pub(super) async fn next_event(&mut self, site: &mut Site, kind: &str) -> Option<Value> {
        site.look().await;
        let path = RolloutPath { rollout: self.rollout };
        let mut events = site.client().follow::<FollowRollout>(path, self.read).await.expect("a stream");
        loop {
            let event = events.next_ledger_event().await.expect("the control plane runs")?;
            self.read = Some(event.position);
            if event.event["type"] == kind {
                return Some(event.event["data"].clone());
            }
        }
    }

    /// What a step does, and on which host.
    pub(super) async fn action(&self, site: &Site, step: &Value) -> (String, Option<Name>) {
        let view = site.rollout(self.rollout).await.expect("an answer");
        let found = view.steps.into_iter().find(|it| step["step"] == it.id.0).expect("a step of the plan");
        (found.action, found.target)
    }
}
