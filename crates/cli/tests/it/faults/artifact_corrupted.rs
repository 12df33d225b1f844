//! An artifact whose bytes changed after they were registered.

use std::fs;

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn is_refused_by_the_agent_and_the_rollout_is_taken_back() {
    let mut site = Site::start(&["host-a", "host-b"], strategy::ROLLING).await;
    site.ship("1.0.0").await;
    let expected = site.release("1.1.0", Behaviour::GOOD).await;
    let hex = expected.hex();
    let blob = site.data().join("blobs/sha256").join(&hex[..2]).join(&hex);
    let mut bytes = fs::read(&blob).expect("it is kept by its digest");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&blob, &bytes).expect("it can be written");
    let actual = shipway_model::Digest::of(&bytes);

    let id = site.start_rollout("1.1.0").await;
    assert_ended(&site.ended(id).await, "rolled-back");
    let cause = site.cause(id).await;
    assert!(cause.contains(&expected.to_string()) && cause.contains(&actual.to_string()), "{cause}");
    assert!(site.services().iter().all(|it| it.version == "1.0.0"));
    site.conclude(id, "1.0.0").await;
}
