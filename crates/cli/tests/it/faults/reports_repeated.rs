//! An agent that reports the same result twice, another one afterwards, or out of order. The test is the agent.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use shipway_api::Client;
use shipway_api::operations::agent::{
    AgentPath, AgentRegistration, EffectReport, LeaseAsk, LeaseEffects, RegisterAgent, ReportEffects,
    ReportStatus, Reports,
};
use shipway_model::Name;
use shipway_model::effect::{EffectKey, Lease, Order, Outcome, Success};

use super::strategy;
use crate::site::service::Behaviour;
use crate::site::{Site, assert_ended};

#[tokio::test]
async fn twice_or_otherwise_afterwards_changes_nothing() {
    let mut site = Site::without_hosts(strategy::ROLLING).await;
    let agent = Agent::register(&site, "host-a").await;
    site.release("1.0.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.0.0").await;
    let mut n_reports = 0;
    while !site.rollout(id).await.expect("an answer").summary.phase.is_ended() {
        for Lease { effect, generation, .. } in agent.lease().await {
            let outcome = agent.perform(&effect.order);
            assert_eq!(agent.report(effect.key, generation, outcome.clone()).await, ReportStatus::Accepted);
            n_reports += 1;
            site.settle().await;
            let size = site.witness.size();
            let again = agent.report(effect.key, generation, outcome).await;
            assert!(matches!(again, ReportStatus::Repeated | ReportStatus::Unknown), "{again:?}");
            let failed = Outcome::Failed { reason: "a test".to_owned(), retryable: true, verdict: None };
            let otherwise = agent.report(effect.key, generation, failed).await;
            assert!(!matches!(otherwise, ReportStatus::Accepted), "{otherwise:?}");
            site.assert_size_is(size).await;
        }
    }
    assert!(n_reports >= 2, "an instance was placed and verified");
    assert_ended(&site.rollout(id).await.expect("an answer"), "succeeded");
    site.assert_nothing_lost().await;
}

#[tokio::test]
async fn out_of_order_is_fenced() {
    let mut site = Site::without_hosts(strategy::ROLLING).await;
    let agent = Agent::register(&site, "host-a").await;
    let other = Agent::register(&site, "host-b").await;
    site.release("1.0.0", Behaviour::GOOD).await;
    let id = site.start_rollout("1.0.0").await;
    let first = agent.lease_one().await;
    let (key, outcome) = (first.effect.key, agent.perform(&first.effect.order));
    site.settle().await;
    let size = site.witness.size();

    let verify = site.rollout(id).await.expect("an answer").steps.last().expect("a step").id;
    let not_begun = EffectKey { step: verify, ..key };
    let verified = Outcome::Succeeded { result: Success::Verified {} };
    assert_eq!(other.report(not_begun, 1, verified).await, ReportStatus::Unknown);
    assert_eq!(agent.report(key, first.generation + 1, outcome.clone()).await, ReportStatus::Fenced);
    assert_eq!(other.report(key, first.generation, outcome.clone()).await, ReportStatus::Refused);
    let misfit = Outcome::Succeeded { result: Success::Retired {} };
    assert_eq!(agent.report(key, first.generation, misfit).await, ReportStatus::Refused);
    site.assert_size_is(size).await;

    // Not renewed, so it is handed out again; what was done under the first lease does not count any more.
    let second = agent.lease_one().await;
    assert_eq!((second.effect.key, second.generation), (key, first.generation + 1));
    assert_eq!(agent.report(key, first.generation, outcome.clone()).await, ReportStatus::Fenced);
    site.assert_size_is(size).await;
    assert_eq!(agent.report(key, second.generation, outcome).await, ReportStatus::Accepted);
    site.assert_nothing_lost().await;
}

struct Agent {
    client: Client,
    host: Name,
    address: SocketAddr,
}

impl Agent {
    async fn register(site: &Site, host: &str) -> Self {
        let token = site.agent_token(host).await;
        let client = Client::new(&site.url(), token).expect("a valid address");
        // Nobody has to answer there: the agent's word is taken.
        let agent = Self { client, host: host.parse().expect("a name"), address: ([127, 0, 0, 1], 9).into() };
        let labels = BTreeMap::from([
            ("production".to_owned(), "true".to_owned()),
            ("zone".to_owned(), host.to_owned()),
        ]);
        let registration =
            AgentRegistration { host: agent.host.clone(), address: agent.address.ip(), labels };
        agent.client.call::<RegisterAgent>((), (), registration).await.expect("it is registered");
        agent
    }

    async fn lease(&self) -> Vec<Lease> {
        let ask = LeaseAsk { max: 8, wait_ms: 200, holder: None, renew: Vec::new() };
        self.client.call::<LeaseEffects>(self.path(), (), ask).await.expect("an answer").value.leases
    }

    async fn lease_one(&self) -> Lease {
        loop {
            if let Some(lease) = self.lease().await.pop() {
                return lease;
            }
        }
    }

    fn perform(&self, order: &Order) -> Outcome {
        let result = match order {
            Order::Place { .. } => Success::Placed { address: self.address },
            Order::Retire { .. } => Success::Retired {},
            Order::Verify { .. } => Success::Verified {},
            other => panic!("not for agents: {other:?}"),
        };
        Outcome::Succeeded { result }
    }

    async fn report(&self, key: EffectKey, generation: u32, outcome: Outcome) -> ReportStatus {
        let reports = Reports { reports: vec![EffectReport { key, generation, outcome }] };
        let results = self
            .client
            .call::<ReportEffects>(self.path(), (), reports)
            .await
            .expect("an answer")
            .value
            .results;
        assert_eq!((results.len(), results[0].key), (1, key));
        results[0].status
    }

    fn path(&self) -> AgentPath {
        AgentPath { host: self.host.clone() }
    }
}
