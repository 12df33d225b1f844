//! SIGKILL of an agent at each of its steps; its services do not notice.

use std::time::Duration;

use super::steps::Steps;
use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn at_each_of_its_steps() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    // So slow that the next agent finds the placement half done.
    site.release("1.1.0", Behaviour::warms_up(Duration::from_millis(300))).await;
    let mut steps = Steps::of(site.start_rollout("1.1.0").await);
    let mut n_kills = 0;
    while let Some(step) = steps.next(&mut site).await {
        let (action, Some(host)) = steps.action(&site, &step).await else { continue };
        tokio::time::sleep(Duration::from_millis([0, 30, 120][n_kills % 3])).await;
        let before = site.services();
        site.kill_agent(host.as_str());
        let after = site.services();
        let is_there = |it: &_| after.contains(it);
        assert!(action == "retire" || before.iter().all(is_there), "{action}: {before:?} then {after:?}");
        assert!(["1.0.0", "1.1.0"].contains(&site.answering().await.as_str()));
        site.start_agent(host.as_str());
        n_kills += 1;
    }
    assert!(n_kills >= 4, "two were placed and two retired: {n_kills}");
    assert_ended(&site.ended(steps.rollout).await, "succeeded");
    site.conclude(steps.rollout, "1.1.0").await;
}
