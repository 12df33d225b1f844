//! SIGKILL of the control plane at each step of a rollout, on the way forward and on the way back.

use std::time::Duration;

use serde_json::Value;
use shipway_api::operations::rollout::{FollowRollout, Reason, RollBack, RolloutPath};
use shipway_model::RolloutId;

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn at_each_step_of_a_rolling_rollout() {
    ships_through_kills(strategy::ROLLING).await;
}

#[tokio::test]
async fn at_each_step_of_a_blue_green_rollout() {
    ships_through_kills(strategy::BLUE_GREEN).await;
}

#[tokio::test]
async fn at_each_step_of_a_canary_rollout() {
    ships_through_kills(strategy::CANARY).await;
}

async fn ships_through_kills(strategy: &str) {
    let mut site = Site::start(&["host-a", "host-b"], strategy).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let mut kills = Kills::of(site.start_rollout("1.1.0").await);
    while kills.next(&mut site).await.is_some() {}
    let view = site.rollout(kills.rollout).await.expect("an answer");
    assert_ended(&view, "succeeded");
    assert_eq!(kills.count, view.steps.len(), "each step was started once, and met by a kill");
    site.conclude(kills.rollout, "1.1.0").await;
}

#[tokio::test]
async fn at_each_step_of_the_way_back() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::CANARY_THAT_ASKS).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let mut kills = Kills::of(site.start_rollout("1.1.0").await);
    site.until(kills.rollout, "paused", |it| {
        it.steps.iter().any(|step| step.action == "pause" && step.state.word() == "running")
    })
    .await;
    let path = RolloutPath { rollout: kills.rollout };
    let reason = Reason { reason: "a test".to_owned() };
    let back = site.client().call::<RollBack>(path, (), reason).await.expect("it is taken back").value;
    assert_eq!(back.summary.phase.word(), "unwinding");
    kills.skip(&site).await;
    while let Some(step) = kills.next(&mut site).await {
        assert_eq!(step["direction"], "undo", "{step}");
    }
    assert!(kills.count >= 3, "routes and instances were taken back: {}", kills.count);
    assert_ended(&site.ended(kills.rollout).await, "rolled-back");
    site.conclude(kills.rollout, "1.0.0").await;
}

/// Kills the control plane whenever a step of the rollout has started.
struct Kills {
    rollout: RolloutId,
    /// The position of the last event that was read.
    read: Option<u64>,
    count: usize,
}

impl Kills {
    fn of(rollout: RolloutId) -> Self {
        Self { rollout, read: None, count: 0 }
    }

    /// Leaves out what has happened up to now.
    async fn skip(&mut self, site: &Site) {
        let mut all = site
            .client()
            .follow::<FollowRollout>(RolloutPath { rollout: self.rollout }, None)
            .await
            .expect("a stream");
        while let Some(event) = all.next_ledger_event().await.expect("an event") {
            self.read = Some(event.position);
            if event.event["type"] == "rollout.unwinding" {
                return;
            }
        }
    }

    /// Waits for the next step to start, and kills the control plane then: at once, a little later, when somebody holds
    /// the lease, or later still. Gives the step's start; nothing when the rollout has ended.
    async fn next(&mut self, site: &mut Site) -> Option<Value> {
        site.look().await;
        let path = RolloutPath { rollout: self.rollout };
        let mut events = site.client().follow::<FollowRollout>(path, self.read).await.expect("a stream");
        let step = loop {
            let event = events.next_ledger_event().await.expect("the control plane runs")?;
            self.read = Some(event.position);
            if event.event["type"] == "step.started" {
                break event.event["data"].clone();
            }
        };
        tokio::time::sleep(Duration::from_millis([0, 15, 60][self.count % 3])).await;
        site.restart_control_plane().await;
        self.count += 1;
        Some(step)
    }
}
