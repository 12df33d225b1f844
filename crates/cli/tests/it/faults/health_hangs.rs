//! A health check that does not answer.

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{IMPATIENT, Site, assert_ended};

#[tokio::test]
async fn counts_as_a_failure_and_the_rollout_is_taken_back() {
    let behaviour = Behaviour { hangs: true, ..Behaviour::GOOD };
    is_taken_back(behaviour, "no answer within 300ms").await;
}

#[tokio::test]
async fn and_so_does_one_that_never_passes() {
    let behaviour = Behaviour { is_never_healthy: true, ..Behaviour::GOOD };
    is_taken_back(behaviour, "503").await;
}

async fn is_taken_back(behaviour: Behaviour, why: &str) {
    let mut site = Site::start(&["host-a", "host-b"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    site.declare(strategy::ROLLING, IMPATIENT).await;
    site.release("1.1.0", behaviour).await;
    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains("not healthy within") && cause.contains(why), "{cause}");
    site.conclude(id, "1.0.0").await;
}
