//! The disk full while the ledger is appended to.

use shipway_api::client::Error;
use shipway_api::operations::pause::{PauseRequest, PauseScope};
use shipway_api::{Client, Code};
use shipway_model::event::Scope;

use super::steps::Steps;
use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended, wait_for};

/// More of these than a full disk can take: what a file was given before may still be written to.
const REQUESTS_MAX: u32 = 5_000;

#[tokio::test]
async fn nothing_acknowledged_is_lost_and_it_goes_on_when_there_is_room() {
    let mut site = Site::on_disk_of("16m", strategy::ROLLING).await;
    for host in ["host-a", "host-b"] {
        site.add_host(host, site.url(), Vec::new()).await;
    }
    site.agents_are_ready().await;
    site.ship("1.0.0").await;
    site.release("1.1.0", Behaviour::GOOD).await;
    let mut steps = Steps::of(site.start_rollout("1.1.0").await);
    steps.next(&mut site).await.expect("it starts");
    site.disk.as_ref().expect("it has one").fill();

    let client = site.client();
    let mut n_accepted = 0;
    let refused = loop {
        assert!(n_accepted < REQUESTS_MAX, "the disk is not full");
        match pause(&client, n_accepted).await {
            Ok(()) => n_accepted += 1,
            Err(error) => break error,
        }
    };
    let problem = refused.problem().unwrap_or_else(|| panic!("{refused}"));
    assert!(problem.is(Code::Unavailable) && problem.status == 503, "{problem:?}");
    assert!(problem.detail.contains("full"), "{problem:?}");
    // Reading goes on, and so does the service.
    site.look().await;
    let acknowledged = site.witness.of_kind("scope.paused").count();
    assert_eq!(acknowledged, n_accepted as usize, "what was acknowledged is there, and nothing else");
    assert!(["1.0.0", "1.1.0"].contains(&site.answering().await.as_str()));
    assert!(pause(&client, n_accepted).await.is_err_and(|it| it.is(Code::Unavailable)), "it still is full");

    site.disk.as_ref().expect("it has one").clear();
    wait_for("it is written again", async || pause(&client, n_accepted).await.is_ok()).await;
    assert_ended(&site.ended(steps.rollout).await, "succeeded");
    site.conclude(steps.rollout, "1.1.0").await;
}

async fn pause(client: &Client, number: u32) -> Result<(), Error> {
    let scope = Scope::Environment(format!("elsewhere-{number}").parse().expect("a name"));
    let request = PauseRequest { scope, reason: "a test".repeat(80) };
    client.call::<PauseScope>((), (), request).await.map(drop)
}
