//! What agents ask and report.

use std::time::{Duration, Instant};

use shipway_api::client::Error;
use shipway_api::operations::agent::{
    AgentPath, AppendStepLog, EffectReport, InstanceReport, InstanceReports, LeaseAsk, LeaseEffects, Leases,
    ListAgents, LogPiece, Renewal, ReportEffects, ReportInstances, ReportStatus, ReportStrays, Reports,
    ShowOrders, StrayReport,
};
use shipway_api::operations::environment::{EnvironmentPath, ListStrays};
use shipway_api::operations::rollout::{LogQuery, StartRollout, StepPath};
use shipway_api::page::PageQuery;
use shipway_api::view::agent::Connection;
use shipway_api::view::traffic::TargetCondition;
use shipway_api::{Client, Code};
use shipway_model::RolloutId;
use shipway_model::effect::{EffectKey, Lease, Order, Outcome, Success};
use shipway_model::event::{Condition, Role};
use shipway_model::stray::Stray;

use crate::bed::{Bed, FILES};
use crate::rollouts::new;

fn host(name: &str) -> AgentPath {
    AgentPath { host: name.parse().unwrap() }
}

async fn lease(agent: &Client, name: &str, wait_ms: u32, renew: Vec<Renewal>) -> Leases {
    agent
        .call::<LeaseEffects>(host(name), (), LeaseAsk { max: 8, wait_ms, holder: None, renew })
        .await
        .unwrap()
        .value
}

fn success(lease: &Lease) -> Outcome {
    let result = match &lease.effect.order {
        Order::Place { .. } => Success::Placed { address: "127.0.0.1:4711".parse().unwrap() },
        Order::Retire { .. } => Success::Retired {},
        Order::Verify { .. } => Success::Verified {},
        other => panic!("no agent performs {other:?}"),
    };
    Outcome::Succeeded { result }
}

async fn report(agent: &Client, name: &str, lease: &Lease, outcome: Outcome) -> Result<ReportStatus, Error> {
    let report = EffectReport { key: lease.effect.key, generation: lease.generation, outcome };
    let answer = agent.call::<ReportEffects>(host(name), (), Reports { reports: vec![report] }).await?;
    Ok(answer.value.results[0].status)
}

/// Performs everything that the rollout asks of the host, until it has ended.
pub(crate) async fn work(bed: &Bed, agent: &Client, name: &str, rollout: RolloutId) {
    while bed.runtime.state().rollouts.summaries[&rollout].end.is_none() {
        for lease in lease(agent, name, 5000, Vec::new()).await.leases {
            assert_eq!(report(agent, name, &lease, success(&lease)).await.unwrap(), ReportStatus::Accepted);
        }
    }
}

/// A rollout has begun, and the agent holds its first effect.
async fn begun(bed: &Bed) -> (Client, RolloutId, Lease) {
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let started = bed.admin.call::<StartRollout>((), (), new(&release)).await.unwrap().value;
    let mut leases = lease(&agent, "host-a", 5000, Vec::new()).await.leases;
    assert_eq!(leases.len(), 1);
    (agent, started.summary.id, leases.remove(0))
}

#[tokio::test]
async fn an_effect_is_leased_once_renewed_and_reported_once() {
    let bed = Bed::start().await;
    let (agent, rollout, held) = begun(&bed).await;
    assert_eq!((held.effect.key.rollout, held.generation), (rollout, 1));
    let renewal = Renewal { key: held.effect.key, generation: held.generation };
    let stale = Renewal { generation: held.generation + 1, ..renewal.clone() };
    let kept = lease(&agent, "host-a", 0, vec![renewal]).await;
    assert_eq!((kept.leases.len(), kept.renewed), (0, vec![held.effect.key]));
    assert_eq!(lease(&agent, "host-a", 5000, vec![stale]).await.renewed, []);

    let size = bed.size();
    let wrong = Lease { generation: held.generation + 1, ..held.clone() };
    assert_eq!(report(&agent, "host-a", &wrong, success(&held)).await.unwrap(), ReportStatus::Fenced);
    assert_eq!(bed.size(), size);
    assert_eq!(report(&agent, "host-a", &held, success(&held)).await.unwrap(), ReportStatus::Accepted);
    let size = bed.size();
    assert!(size > 0);
    assert_eq!(report(&agent, "host-a", &held, success(&held)).await.unwrap(), ReportStatus::Repeated);
    assert_eq!(bed.size(), size);
    let failed = Outcome::Failed { reason: "late".to_owned(), retryable: true, verdict: None };
    // The first word stands.
    assert_eq!(report(&agent, "host-a", &held, failed).await.unwrap(), ReportStatus::Repeated);
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn another_hosts_effects_are_not_to_be_reported_or_logged() {
    let bed = Bed::start().await;
    let (_, _, held) = begun(&bed).await;
    let other = bed.agent("host-b").await;
    let size = bed.size();
    assert_eq!(report(&other, "host-b", &held, success(&held)).await.unwrap(), ReportStatus::Refused);
    let piece = LogPiece { key: held.effect.key, offset: 0, text: "mine".to_owned() };
    assert!(other.call::<AppendStepLog>(host("host-b"), (), piece).await.unwrap_err().is(Code::Forbidden));
    let Order::Place { instance, .. } = &held.effect.order else { panic!("{held:?}") };
    let change =
        InstanceReport { instance: instance.clone(), condition: Condition::Crashed, detail: String::new() };
    let refused =
        other.call::<ReportInstances>(host("host-b"), (), InstanceReports { changes: vec![change] }).await;
    assert!(refused.unwrap_err().is(Code::Forbidden));
    assert_eq!(bed.size(), size);
}

#[tokio::test]
async fn a_call_for_leases_waits_until_there_is_something_to_do() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let release = bed.release("1.0.0").await;
    let started = Instant::now();
    assert_eq!(lease(&agent, "host-a", 300, Vec::new()).await.leases, []);
    assert!(started.elapsed() >= Duration::from_millis(300));
    let waiting = lease(&agent, "host-a", 20_000, Vec::new());
    let starting = bed.admin.call::<StartRollout>((), (), new(&release));
    let (leased, rollout) = tokio::join!(waiting, starting.into_future());
    assert_eq!(leased.leases[0].effect.key.rollout, rollout.unwrap().value.summary.id);
    assert!(started.elapsed() < Duration::from_secs(15));
}

#[tokio::test]
async fn what_should_run_and_what_does_is_shown() {
    let bed = Bed::start().await;
    let (agent, rollout, held) = begun(&bed).await;
    let Order::Place { instance, artifact, contract } = held.effect.order.clone() else { panic!("{held:?}") };
    let orders = || async { agent.call::<ShowOrders>(host("host-a"), (), ()).await.unwrap().value };
    let before = orders().await;
    let ordered = &before.instances[0];
    assert_eq!((&ordered.instance, ordered.artifact, &ordered.contract), (&instance, artifact, &*contract));
    report(&agent, "host-a", &held, success(&held)).await.unwrap();
    work(&bed, &agent, "host-a", rollout).await;
    let after = orders().await;
    assert_eq!(after.instances, before.instances);
    assert!(after.revision > before.revision);

    let change = InstanceReport {
        instance: instance.clone(),
        condition: Condition::Crashed,
        detail: "signal 11".to_owned(),
    };
    let changes = InstanceReports { changes: vec![change] };
    agent.call::<ReportInstances>(host("host-a"), (), changes).await.unwrap();
    let agents = bed.admin.call::<ListAgents>((), PageQuery::default(), ()).await.unwrap().value.items;
    assert_eq!(agents[0].connection, Connection::Connected);
    let seen = &agents[0].instances[0];
    assert_eq!(
        (seen.condition, seen.detail.as_str(), seen.crashes),
        (TargetCondition::Unhealthy, "signal 11", 1)
    );
}

#[tokio::test]
async fn logs_are_kept_once_whatever_is_sent_again() {
    let bed = Bed::start().await;
    let (agent, rollout, held) = begun(&bed).await;
    let key = held.effect.key;
    let append = |key: EffectKey, offset: u64, text: &str| {
        agent
            .call::<AppendStepLog>(host("host-a"), (), LogPiece { key, offset, text: text.to_owned() })
            .into_future()
    };
    assert_eq!(append(key, 0, "one\n").await.unwrap().value.offset, 4);
    assert_eq!(append(key, 0, "one\ntwo\n").await.unwrap().value.offset, 8);
    assert!(append(key, 100, "gap").await.unwrap_err().is(Code::LogGap));
    assert!(append(key, 8, &"x".repeat(300 * 1024)).await.unwrap_err().is(Code::TooLarge));
    let elsewhere = EffectKey { rollout: bed.runtime.new_rollout_id(), ..key };
    assert!(append(elsewhere, 0, "x").await.unwrap_err().is(Code::UnknownStep));
    let read = |query: LogQuery| bed.admin.read_step_log(StepPath { rollout, step: key.step }, query);
    assert_eq!(read(LogQuery::default()).await.unwrap(), "one\ntwo\n");
    assert_eq!(read(LogQuery { offset: Some(4), ..LogQuery::default() }).await.unwrap(), "two\n");
    assert_eq!(read(LogQuery { attempt: Some(2), ..LogQuery::default() }).await.unwrap(), "");
}

#[tokio::test]
async fn hosts_that_never_registered_are_not_known() {
    let bed = Bed::start().await;
    let agent = bed.client("host-z", shipway_model::event::Role::Agent).await;
    let ask = LeaseAsk { max: 1, wait_ms: 0, holder: None, renew: Vec::new() };
    assert!(agent.call::<LeaseEffects>(host("host-z"), (), ask).await.unwrap_err().is(Code::UnknownAgent));
    assert!(agent.call::<ShowOrders>(host("host-z"), (), ()).await.unwrap_err().is(Code::UnknownAgent));
}

#[tokio::test]
async fn what_no_order_put_there_is_recorded_once_and_told_until_it_is_gone() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let agent = bed.agent("host-a").await;
    let stray = |detail: &str| -> Stray {
        serde_json::from_value(serde_json::json!({
            "environment": "staging", "service": "web", "version": "1.0.0", "kind": "process", "detail": detail,
        }))
        .unwrap()
    };
    let tell = async |strays: Vec<Stray>| {
        agent.call::<ReportStrays>(host("host-a"), (), StrayReport { strays }).await.unwrap();
        let path = EnvironmentPath { environment: "staging".parse().unwrap() };
        let listed = bed.admin.call::<ListStrays>(path, (), ()).await.unwrap().value.items;
        let details: Vec<String> = listed.into_iter().map(|it| it.stray.detail).collect();
        (details, bed.size())
    };
    let (found, size) = tell(vec![stray("process 7")]).await;
    assert_eq!(found, ["process 7"]);
    assert_eq!(
        tell(vec![stray("process 7")]).await,
        (vec!["process 7".to_owned()], size),
        "no news, no event"
    );
    assert_eq!(tell(Vec::new()).await, (Vec::new(), size + 1));
    let other = agent.call::<ReportStrays>(host("host-b"), (), StrayReport { strays: Vec::new() }).await;
    assert!(other.unwrap_err().is(Code::Forbidden), "an agent speaks for its own host");
}

#[tokio::test]
async fn what_is_tried_in_a_protected_environment_without_leave_is_recorded() {
    let bed = Bed::start().await;
    bed.apply(FILES).await;
    let release = bed.release("1.0.0").await;
    let viewer = bed.client("eve", Role::Viewer).await;
    let attempt = async || {
        let before = bed.size();
        let refused = viewer.call::<StartRollout>((), (), new(&release)).await.unwrap_err();
        assert!(refused.is(Code::Forbidden), "{refused}");
        bed.size() - before
    };
    assert_eq!(attempt().await, 0, "where nothing is protected, the answer is enough");
    bed.apply(
        "apiVersion: shipway.dev/v1\nkind: Environment\nmetadata: {name: staging}\nspec: {protected: true, targets: {stage: staging}}\n",
    )
    .await;
    assert_eq!(attempt().await, 1);
}
