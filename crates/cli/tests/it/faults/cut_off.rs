//! Agents that are cut off from the control plane in the middle of a rollout.

use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::steps::Steps;
use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended, wait_for};

/// Longer than leases last, so that effects are handed out again.
const LONG: Duration = Duration::from_secs(11);

#[tokio::test]
async fn for_longer_than_their_leases_they_end_what_they_began_and_the_rollout_goes_on() {
    let mut site = Site::without_hosts(strategy::ROLLING).await;
    let mut proxy = site.proxy().await;
    for host in ["host-a", "host-b"] {
        site.add_host(host, proxy.url(), Vec::new()).await;
    }
    site.agents_are_ready().await;
    site.ship("1.0.0").await;
    let before = site.services();
    site.release("1.1.0", Behaviour::warms_up(Duration::from_millis(500))).await;
    let mut steps = Steps::of(site.start_rollout("1.1.0").await);
    steps.next(&mut site).await.expect("it starts");
    wait_for("the placement has begun", async || site.services().len() > before.len()).await;
    proxy.cut().await;
    let cut = Instant::now();
    while cut.elapsed() < LONG {
        assert_eq!(site.answering().await, "1.0.0");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let after = site.services();
    assert!(before.iter().all(|it| after.contains(it)), "{before:?} then {after:?}");
    assert_eq!(site.rollout(steps.rollout).await.expect("an answer").summary.phase.word(), "running");
    proxy.restore().await;
    assert_ended(&site.ended(steps.rollout).await, "succeeded");
    site.conclude(steps.rollout, "1.1.0").await;
}

#[tokio::test]
async fn by_a_control_plane_that_stands_still_for_a_while() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let mut steps = Steps::of(site.start_rollout("1.1.0").await);
    while steps.next(&mut site).await.is_some() {
        site.control_plane().signal(Signal::STOP);
        let stopped = Instant::now();
        while stopped.elapsed() < Duration::from_millis(400) {
            assert!(["1.0.0", "1.1.0"].contains(&site.answering().await.as_str()));
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        site.control_plane().signal(Signal::CONT);
    }
    assert_ended(&site.ended(steps.rollout).await, "succeeded");
    site.conclude(steps.rollout, "1.1.0").await;
}
