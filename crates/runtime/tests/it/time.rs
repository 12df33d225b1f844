//! What happens by itself when its time has come.

use std::time::Duration;

use shipway_model::event::{Body, End};
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::suite::World;

#[tokio::test]
async fn an_attempt_that_takes_too_long_ends_without_anybody_asking() {
    let world = World::fresh(Box::new(MemoryDisk::default().open()));
    let release = world.declare().await;
    let rollout = world.start(release).await;
    let mut size = world.runtime.subscribe();
    let before = *size.borrow_and_update();
    // Nobody performs anything for longer than any step may take; the clock is looked at every second.
    world.clock.advance(Duration::from_secs(3600));
    tokio::time::timeout(Duration::from_secs(30), size.wait_for(|it| *it > before))
        .await
        .expect("the writer notices that the time has come")
        .expect("the runtime is there");
    let stream = shipway_model::event::Stream::Rollout(rollout);
    let records = world.runtime.stream(&stream, before, 100).await.expect("reads");
    let event: shipway_model::event::Event = serde_json::from_slice(&records[0].bytes).expect("is an event");
    assert!(matches!(event.body, Body::StepEnded { .. }), "{event:?}");
    assert_eq!(event.actor, "shipway");
}

#[tokio::test]
async fn a_rollout_goes_all_the_way() {
    let world = World::fresh(Box::new(MemoryDisk::default().open()));
    let release = world.declare().await;
    let rollout = world.start(release).await;
    world.perform_all().await;
    let state = world.runtime.state();
    let summary = &state.rollouts.summaries[&rollout];
    assert_eq!(summary.end, Some(End::Succeeded { failed_targets: 0 }));
}
