//! Gates asked by the control plane itself: what waits, what is recorded, and that it can be computed again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_api::operations::decision::{
    BacktestPolicies, BacktestRequest, DecisionPath, DecisionQuery, ListDecisions, ReplayDecision,
    ShowDecision,
};
use shipway_api::operations::evidence::{AttachEvidence, NewEvidence};
use shipway_api::operations::gate::{ExplainGates, GatesQuery, ReadFacts};
use shipway_api::operations::ledger::{EraseSubject, ErasureRequest};
use shipway_api::operations::release::ReleasePath;
use shipway_api::operations::rollout::{RolloutPath, ShowRollout, StartRollout};
use shipway_api::operations::token::{ListTokens, RevokeToken, TokenPath};
use shipway_api::operations::waiver::{
    ApproveWaiver, ListWaivers, RequestWaiver, WaiverPath, WaiverQuery, WithdrawWaiver, WithdrawWaiverRequest,
};
use shipway_api::selector::SubjectSelector;
use shipway_api::view::StepState;
use shipway_api::view::gate::GatesView;
use shipway_api::view::rollout::RolloutView;
use shipway_api::{Client, Code, ReleaseSelector};
use shipway_model::event::Role;
use shipway_model::gate::facts::Facts;
use shipway_model::gate::{Requirement, Status, Waiver};
use shipway_model::resource::Policy;
use shipway_model::{Digest, Name, RolloutId};
use shipway_runtime::log_store::LogStore;
use shipway_runtime::worker::{self, Tools, Worker};

use crate::bed::{Bed, FILES};
use crate::rollouts::new;

const GATED: &str = "
apiVersion: shipway.dev/v1
kind: Policy
metadata: { name: proof }
spec:
  gates: [{ name: unit, require: { tests: {} } }]
---
apiVersion: shipway.dev/v1
kind: Pipeline
metadata: { name: proven }
spec:
  stages:
    - { name: gates, run: { gates: { policies: [proof] } } }
    - { name: deploy, run: { deploy: {} } }
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: { name: staging }
spec:
  pipeline: proven
  targets: { stage: staging }
";
const PATIENCE: Duration = Duration::from_secs(60);

/// A service passes when somebody has counted a test of it, or its gate is waived.
pub(crate) fn ask(policies: &BTreeMap<Name, Policy>, facts: &Facts) -> Vec<Requirement> {
    let gates = policies.iter().flat_map(|(name, it)| it.gates.iter().map(move |gate| (name, gate)));
    let services = |(policy, gate)| facts.services.keys().map(move |service| (policy, gate, service));
    gates
        .flat_map(services)
        .map(|(policy, gate, service): (&Name, &shipway_model::resource::policy::Gate, &Name)| {
            let counted = facts.evidence.iter().filter(|it| it.services.contains(service)).filter(|it| {
                it.normal.as_ref().and_then(|it| it.tests.as_ref()).is_some_and(|it| it.total > 0)
            });
            let evidence: Vec<_> = counted.map(|it| it.id).collect();
            let waiver = facts.waivers.iter().find(|it| it.waiver.gate == gate.name);
            let status = match (evidence.is_empty(), waiver) {
                (false, _) => Status::Satisfied,
                (true, Some(_)) => Status::Waived,
                (true, None) => Status::Missing,
            };
            Requirement {
                policy: policy.clone(),
                gate: gate.name.clone(),
                kind: "tests".to_owned(),
                service: Some(service.clone()),
                status,
                reasons: vec![format!("{} tests reports", evidence.len())],
                evidence,
                waivers: waiver.map(|it| it.id).into_iter().collect(),
                who: None,
                next: None,
                until: waiver.map(|it| it.waiver.expires),
            }
        })
        .collect()
}

/// A control plane whose worker asks the gates, with one host.
struct Plane {
    bed: Bed,
    worker: Worker,
    _agent: Client,
    _logs: tempfile::TempDir,
}

impl Plane {
    async fn start() -> Self {
        let bed = Bed::start().await;
        bed.apply(FILES).await;
        bed.apply(GATED).await;
        let logs = tempfile::tempdir().unwrap();
        let tools = Tools {
            drivers: vec![bed.server.gate_driver()],
            judge: |_| Err("nobody judges here".to_owned()),
            logs: Arc::new(LogStore::open(logs.path()).unwrap()),
        };
        let worker = worker::start(bed.runtime.clone(), tools);
        let agent = bed.agent("host-a").await;
        Self { bed, worker, _agent: agent, _logs: logs }
    }

    async fn ship(&self, release: &ReleaseSelector) -> RolloutId {
        self.bed.admin.call::<StartRollout>((), (), new(release)).await.unwrap().value.summary.id
    }

    async fn until(&self, id: RolloutId, what: &str, is_so: impl Fn(&RolloutView) -> bool) -> RolloutView {
        let began = Instant::now();
        loop {
            let path = RolloutPath { rollout: id };
            let view = self.bed.admin.call::<ShowRollout>(path, (), ()).await.unwrap().value;
            if is_so(&view) {
                return view;
            }
            assert!(began.elapsed() < PATIENCE, "not {what}: {view:#?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn explain(&self, release: &ReleaseSelector) -> GatesView {
        let (path, query) = asked(release);
        self.bed.admin.call::<ExplainGates>(path, query, ()).await.unwrap().value
    }

    async fn attach(&self, about: SubjectSelector, report: &[u8]) {
        self.bed.store(report).await;
        let new = NewEvidence {
            subject: vec![about],
            original: Digest::of(report),
            format: None,
            file_name: None,
            statement: None,
            signature: None,
            ran: None,
        };
        self.bed.admin.call::<AttachEvidence>((), (), new).await.unwrap();
    }
}

fn asked(release: &ReleaseSelector) -> (ReleasePath, GatesQuery) {
    (ReleasePath { release: release.clone() }, GatesQuery { environment: "staging".parse().unwrap() })
}

fn gate_waits(view: &RolloutView) -> bool {
    matches!(&view.steps[0].state, StepState::Waiting { why } if why.contains("unit of web is missing"))
}

fn has_passed(view: &RolloutView) -> bool {
    matches!(view.steps[0].state, StepState::Succeeded {})
}

#[tokio::test]
async fn a_rollout_waits_at_its_gates_until_evidence_comes_and_every_answer_can_be_computed_again() {
    let plane = Plane::start().await;
    let release = plane.bed.release("1.0.0").await;
    let id = plane.ship(&release).await;
    let waits = plane.until(id, "waiting at its gates", gate_waits).await;
    assert_eq!(waits.steps[1].state, StepState::Pending {}, "nothing is placed before");

    let explained = plane.explain(&release).await;
    assert!(!explained.passes);
    assert_eq!(explained.requirements[0].status, Status::Missing);
    plane.attach(SubjectSelector::Digest(Digest::of(b"web 1.0.0")), b"3 passed").await;
    plane.until(id, "past its gates", has_passed).await;
    let explained = plane.explain(&release).await;
    assert!(explained.passes);
    let (path, query) = asked(&release);
    let facts = plane.bed.admin.call::<ReadFacts>(path, query, ()).await.unwrap().value;
    let counted = facts.evidence[0].normal.as_ref().and_then(|it| it.tests.as_ref()).unwrap();
    assert_eq!((facts.evidence.len(), counted.total), (1, 3));

    let list = DecisionQuery { rollout: Some(id), ..DecisionQuery::default() };
    let decisions = plane.bed.admin.call::<ListDecisions>((), list, ()).await.unwrap().value.items;
    assert_eq!(decisions.iter().map(|it| it.passes).collect::<Vec<_>>(), [true, false], "the newest first");
    for summary in decisions {
        let path = || DecisionPath { decision: summary.id };
        let shown = plane.bed.admin.call::<ShowDecision>(path(), (), ()).await.unwrap().value;
        assert_eq!(shown.decision.result(), summary.result);
        let replay = plane.bed.admin.call::<ReplayDecision>(path(), (), ()).await.unwrap().value;
        assert!(replay.identical, "{replay:#?}");
    }
    let request = |gates: &str| BacktestRequest {
        policies: [("proof".parse().unwrap(), serde_json::from_str(gates).unwrap())].into(),
        since: "2020-01-01T00:00:00Z".parse().unwrap(),
        environment: Some("staging".parse().unwrap()),
    };
    let same = request(r#"{"gates": [{"name": "unit", "require": {"tests": {}}}]}"#);
    let same = plane.bed.admin.call::<BacktestPolicies>((), (), same).await.unwrap().value;
    assert_eq!((same.n_decisions, same.n_rollouts, same.n_lost), (2, 1, 0));
    assert_eq!((same.stopped.len(), same.let_through.len()), (0, 0));
    let none =
        plane.bed.admin.call::<BacktestPolicies>((), (), request(r#"{"gates": []}"#)).await.unwrap().value;
    assert_eq!(none.stopped.len(), 1, "policies that ask for nothing let nothing pass");
    plane.worker.stop().await;
}

#[tokio::test]
async fn a_waiver_opens_a_gate_and_its_withdrawal_closes_it_again() {
    let plane = Plane::start().await;
    let release = plane.bed.release("1.0.0").await;
    let id = plane.ship(&release).await;
    plane.until(id, "waiting at its gates", gate_waits).await;
    let (ada, grace) =
        (plane.bed.client("ada", Role::Operator).await, plane.bed.client("grace", Role::Operator).await);
    let waiver = Waiver {
        policy: "proof".parse().unwrap(),
        gate: "unit".parse().unwrap(),
        service: None,
        finding: None,
        package: None,
        reason: "the test machine burnt down".to_owned(),
        owner: "shop".to_owned(),
        expires: "2099-01-01T00:00:00Z".parse().unwrap(),
    };
    let refused = ada.call::<RequestWaiver>((), (), waiver.clone()).await.unwrap_err();
    assert!(refused.is(Code::InvalidWaiver), "longer than a year: {refused}");
    let now = plane.bed.runtime.clock().now();
    let waiver = Waiver { expires: now + jiff::SignedDuration::from_hours(24 * 7), ..waiver };
    let asked = ada.call::<RequestWaiver>((), (), waiver).await.unwrap().value;
    assert_eq!(asked.standing, "requested");
    let path = || WaiverPath { waiver: asked.id };
    assert!(ada.call::<ApproveWaiver>(path(), (), ()).await.unwrap_err().is(Code::SelfApproval));
    let granted = grace.call::<ApproveWaiver>(path(), (), ()).await.unwrap().value;
    assert_eq!((granted.standing.as_str(), granted.approved_by.as_deref()), ("in force", Some("grace")));
    plane.until(id, "past its gates", has_passed).await;
    assert_eq!(plane.explain(&release).await.requirements[0].status, Status::Waived);

    let lapsing = async |within: &str| {
        let query = WaiverQuery { lapsing: Some(within.parse().unwrap()) };
        ada.call::<ListWaivers>((), query, ()).await.unwrap().value.items.len()
    };
    assert_eq!((lapsing("14d").await, lapsing("1d").await), (1, 0), "told before it lapses");
    let request = WithdrawWaiverRequest { reason: "it is mended".to_owned() };
    ada.call::<WithdrawWaiver>(path(), (), request).await.unwrap();
    assert!(!plane.explain(&release).await.passes);
    // The host has begun to place and nothing comes after that, so the gate has nothing left to hold.
    let path = RolloutPath { rollout: id };
    assert!(has_passed(&plane.bed.admin.call::<ShowRollout>(path, (), ()).await.unwrap().value));
    plane.facts_are_forgotten_with("ada").await;
    plane.worker.stop().await;
}

impl Plane {
    /// Who asked for a waiver stands in the facts, which are kept beside the ledger.
    async fn facts_are_forgotten_with(&self, name: &str) {
        let admin = &self.bed.admin;
        let erase = async |subject: &str, dry_run| {
            let request =
                ErasureRequest { subject: subject.to_owned(), reason: "request 31".to_owned(), dry_run };
            admin.call::<EraseSubject>((), (), request).await.unwrap().value.documents
        };
        let tokens = admin.call::<ListTokens>((), Default::default(), ()).await.unwrap().value.items;
        let token = tokens.iter().find(|it| it.name == name).unwrap().id;
        admin.call::<RevokeToken>(TokenPath { token }, (), ()).await.unwrap();
        let decisions =
            admin.call::<ListDecisions>((), DecisionQuery::default(), ()).await.unwrap().value.items;
        let waived = decisions.iter().find(|it| it.passes).unwrap();
        assert!(erase("nobody", true).await.is_empty());
        assert!(erase(name, true).await.contains(&waived.facts));
        assert!(erase(name, false).await.contains(&waived.facts));
        assert!(erase(name, true).await.is_empty(), "nothing is left of the name");
        let path = DecisionPath { decision: waived.id };
        let lost = admin.call::<ReplayDecision>(path, (), ()).await.unwrap_err();
        assert!(lost.to_string().contains("is not there any more"), "{lost}");
    }
}
