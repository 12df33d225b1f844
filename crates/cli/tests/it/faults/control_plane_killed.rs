//! SIGKILL of the control plane at each step of a rollout, on the way forward and on the way back.

use std::time::Duration;

use serde_json::Value;
use shipway_api::operations::rollout::{Reason, RollBack, RolloutPath};
use shipway_model::RolloutId;

use super::steps::Steps;
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
    let view = site.rollout(kills.steps.rollout).await.expect("an answer");
    assert_ended(&view, "succeeded");
    assert_eq!(kills.count, view.steps.len(), "each step was started once, and met by a kill");
    site.conclude(kills.steps.rollout, "1.1.0").await;
}

#[tokio::test]
async fn at_each_step_of_the_way_back() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::CANARY_THAT_ASKS).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    site.until(id, "asking", |it| {
        it.steps.iter().any(|it| it.action == "pause" && it.state.word() == "waiting")
    })
    .await;
    let reason = Reason { reason: "a test".to_owned() };
    let back = site.client().call::<RollBack>(RolloutPath { rollout: id }, (), reason).await;
    assert_eq!(back.expect("it is taken back").value.summary.phase.word(), "unwinding");
    let mut kills = Kills::of(id);
    kills.steps.next_event(&mut site, "rollout.unwinding").await.expect("it unwinds");
    while let Some(step) = kills.next(&mut site).await {
        assert_eq!(step["direction"], "undo", "{step}");
    }
    assert!(kills.count >= 3, "routes and instances were taken back: {}", kills.count);
    assert_ended(&site.ended(id).await, "rolled-back");
    site.conclude(id, "1.0.0").await;
}

/// Kills the control plane whenever a step of the rollout has started.
struct Kills {
    steps: Steps,
    count: usize,
}

impl Kills {
    fn of(rollout: RolloutId) -> Self {
        Self { steps: Steps::of(rollout), count: 0 }
    }

    /// Waits for the next step to start, and kills the control plane then: at once, a little later, when somebody holds
    /// the lease, or later still. Nothing when the rollout has ended.
    async fn next(&mut self, site: &mut Site) -> Option<Value> {
        let step = self.steps.next(site).await?;
        tokio::time::sleep(Duration::from_millis([0, 15, 60][self.count % 3])).await;
        site.restart_control_plane().await;
        self.count += 1;
        Some(step)
    }
}
