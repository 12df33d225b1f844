//! SIGKILL of a service during its own deployment.

use std::time::Duration;

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended, wait_for};

#[tokio::test]
async fn before_it_is_healthy_it_is_started_again_and_the_rollout_goes_on() {
    let mut site = Site::start(&["host-a"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::warms_up(Duration::from_millis(600))).await;
    let id = site.start_rollout("1.1.0").await;
    kill_new_version(&site).await;
    assert_ended(&site.ended(id).await, "succeeded");
    site.conclude_with_crashes(id, "1.1.0", 1..=1).await;
}

#[tokio::test]
async fn once_it_has_traffic_the_rollout_is_taken_back() {
    let mut site = Site::start(&["host-a"], strategy::LONG_BAKE).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.1.0").await;
    let is_baking = |it: &str, state: &str| it == "wait" && state == "running";
    site.until(id, "baking", |it| it.steps.iter().any(|it| is_baking(&it.action, it.state.word()))).await;
    assert_eq!(site.answering().await, "1.1.0");
    kill_new_version(&site).await;
    let view = site.ended(id).await;
    assert_ended(&view, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains("signal 9") && cause.contains("host-a"), "{cause}");
    // It may have been started again before it was taken away.
    site.conclude_with_crashes(id, "1.0.0", 0..=1).await;
}

async fn kill_new_version(site: &Site) {
    let running = || site.services().into_iter().find(|it| it.version == "1.1.0");
    wait_for("the new version runs", async || running().is_some()).await;
    running().expect("it runs").kill();
}
