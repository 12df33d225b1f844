//! The end: nothing is dropped, nobody is kept waiting.

use std::time::{Duration, Instant};

use shipway_api::Code;
use shipway_api::operations::agent::{AgentPath, LeaseAsk, LeaseEffects};
use shipway_api::operations::ledger::FollowEvents;

use crate::bed::Bed;

#[tokio::test]
async fn streams_and_long_polls_end_at_once() {
    let bed = Bed::start().await;
    let agent = bed.agent("host-a").await;
    let mut stream = bed.admin.follow::<FollowEvents>((), None).await.unwrap();
    let ask = LeaseAsk { max: 1, wait_ms: 30_000, holder: None, renew: Vec::new() };
    let poll = tokio::spawn(
        agent.call::<LeaseEffects>(AgentPath { host: "host-a".parse().unwrap() }, (), ask).into_future(),
    );
    let Bed { server, http, admin, .. } = bed;
    // The poll stands once the server has counted the registration and nothing else has ended since.
    let base = format!("http://{}", server.address());
    while !http
        .get(format!("{base}/metrics"))
        .send()
        .await
        .unwrap()
        .text()
        .await
        .unwrap()
        .contains("registerAgent")
    {
        tokio::task::yield_now().await;
    }
    let started = Instant::now();
    server.shutdown().await;
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(stream.next().await.unwrap(), None);
    let refused = poll.await.unwrap().unwrap_err();
    assert!(refused.is(Code::Unavailable) || refused.is_transient(), "{refused}");
    assert!(admin.follow::<FollowEvents>((), None).await.is_err());
}
