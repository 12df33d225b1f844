//! Following what happens.

use shipway_api::Code;
use shipway_api::client::EventStream;
use shipway_api::operations::ledger::FollowEvents;
use shipway_api::operations::rollout::{FollowRollout, RolloutPath, StartRollout};
use shipway_model::event::Role;

use crate::agents::work;
use crate::bed::{Bed, FILES};
use crate::rollouts::new;

async fn positions(stream: &mut EventStream, count: usize) -> Vec<u64> {
    let mut positions = Vec::new();
    while positions.len() < count {
        positions.push(stream.next_ledger_event().await.unwrap().unwrap().position);
    }
    positions
}

#[tokio::test]
async fn a_stream_begins_now_and_goes_on_where_it_broke_off() {
    let bed = Bed::start().await;
    let size = bed.size();
    let mut stream = bed.admin.follow::<FollowEvents>((), None).await.unwrap();
    for name in ["a", "b", "c"] {
        bed.token(name, Role::Viewer).await;
    }
    assert_eq!(positions(&mut stream, 2).await, [size, size + 1]);
    let last = stream.last_id();
    assert_eq!(last, Some(size + 1));
    drop(stream);
    bed.token("d", Role::Viewer).await;
    let mut stream = bed.admin.follow::<FollowEvents>((), last).await.unwrap();
    assert_eq!(positions(&mut stream, 2).await, [size + 2, size + 3]);
    let mut stream = bed.admin.follow::<FollowEvents>((), Some(0)).await.unwrap();
    assert_eq!(positions(&mut stream, 3).await, [1, 2, 3]);
}

#[tokio::test]
async fn a_rollouts_stream_ends_with_the_rollout() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let id = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value.summary.id;
    let mut stream = bed.admin.follow::<FollowRollout>(RolloutPath { rollout: id }, None).await.unwrap();
    let follow = async {
        let mut names = Vec::new();
        while let Some(event) = stream.next().await.unwrap() {
            names.push(event.name);
        }
        names
    };
    let (names, ()) = tokio::join!(follow, work(&bed, &agent, "host-a", id));
    assert_eq!(names.first().map(String::as_str), Some("rollout.queued"));
    assert_eq!(names.last().map(String::as_str), Some("rollout.ended"));
    assert!(names.iter().any(|it| it == "step.started"));
}

#[tokio::test]
async fn there_are_only_so_many_streams() {
    let bed = Bed::start().await;
    let mut open = Vec::new();
    for _ in 0..4 {
        open.push(bed.admin.follow::<FollowEvents>((), None).await.unwrap());
    }
    let Err(refused) = bed.admin.follow::<FollowEvents>((), None).await else { panic!("a fifth stream") };
    assert!(refused.is(Code::Overloaded) && refused.is_transient(), "{refused}");
    drop(open);
    // The server notices at its next write that a listener has gone.
    while bed.admin.follow::<FollowEvents>((), None).await.is_err() {
        bed.token("x", Role::Viewer).await;
    }
}
