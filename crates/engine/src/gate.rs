//! What gates are asked, and what they said.
//!
//! [`outline`] puts the facts about a release together from the state; what the documents themselves say is kept beside
//! the ledger and filled in by whoever asks. The answer comes from outside of the core and is taken in by [`decide`].

mod surroundings;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_model::effect::{Direction, EffectKey, Outcome, Success};
use shipway_model::event::{Body, Event};
use shipway_model::evidence::{Normal, Ran};
use shipway_model::gate::Decision;
use shipway_model::gate::facts::{Content, Evidence, Facts, GrantedWaiver, Running, Service};
use shipway_model::plan::{Action, Deployed, StepId};
use shipway_model::release::{Document, Part, ReleaseRef};
use shipway_model::resource::pipeline::Run;
use shipway_model::resource::service::Dependency;
use shipway_model::resource::{self, Key, Kind, Spec};
use shipway_model::{DecisionId, Digest, EvidenceId, Name, ReleaseId, RolloutId, Version, WaiverId};

use crate::access::{Part as Duty, hands};
use crate::evidence::{self, Attached};
use crate::plan::stages;
use crate::{Code, Rejection, Release, Rollout, State, known_error, rollout};

/// The id of a release that nobody made: a question about one build.
const NOBODYS: &str = "rel_00000000000000000000000000000000";

/// What gates said to rollouts.
#[derive(Debug, Clone, Default)]
pub struct Decisions {
    decided: BTreeMap<DecisionId, Decided>,
}

/// A decision in short; the whole is in its rollout's events.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    pub id: DecisionId,
    pub rollout: RolloutId,
    pub step: StepId,
    pub attempt: u32,
    pub release: ReleaseRef,
    pub environment: Name,
    pub at: Timestamp,
    pub passes: bool,
    /// How many requirements did not pass.
    pub n_unmet: usize,
    pub facts: Digest,
    pub result: Digest,
    /// Those by which gates let it through.
    pub waivers: BTreeSet<WaiverId>,
}

impl Decisions {
    /// The earliest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Decided> {
        self.decided.values()
    }

    pub fn get(&self, id: DecisionId) -> Option<&Decided> {
        self.decided.get(&id)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        let Body::GateDecided { id, step, attempt, decision_id, decision, result } = &event.body else {
            return;
        };
        let decided = Decided {
            id: *decision_id,
            rollout: *id,
            step: *step,
            attempt: *attempt,
            release: decision.release.clone(),
            environment: decision.environment.clone(),
            at: event.at,
            passes: decision.passes,
            n_unmet: decision.unmet().count(),
            facts: decision.facts,
            result: *result,
            waivers: decision.requirements.iter().flat_map(|it| &it.waivers).copied().collect(),
        };
        self.decided.insert(*decision_id, decided);
    }
}

/// Facts without what the documents say. This is the form in which facts are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Outline {
    pub facts: Facts,
    /// The normal form of each document that has one, as it is kept.
    pub normals: BTreeMap<EvidenceId, Digest>,
    /// The documents that travel with the release.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<Document, Digest>,
}

impl Outline {
    pub fn digest(&self) -> Digest {
        resource::digest_of(self)
    }

    /// The facts with what the documents say. A document without a normal form stays without.
    pub fn filled(
        &self,
        mut normal: impl FnMut(&Digest) -> Option<Normal>,
        content: impl Fn(Document, &Digest) -> Option<Content>,
    ) -> Facts {
        let mut facts = self.facts.clone();
        let around = &mut facts.surroundings.contracts;
        for it in facts.evidence.iter_mut().chain(&mut facts.baseline).chain(around) {
            it.normal = self.normals.get(&it.id).and_then(&mut normal).map(Box::new);
        }
        let contents = self.documents.iter().filter_map(|(kind, it)| Some((*kind, content(*kind, it)?)));
        facts.contents = contents.collect();
        facts
    }
}

/// The policies whose gates the pipeline of an environment asks, each in the revision that stands now.
///
/// # Errors
/// There is no such environment, or its pipeline cannot be laid out.
pub fn policies(state: &State, environment: &Name) -> Result<BTreeMap<Name, Digest>, Rejection> {
    let declared =
        state.catalogue.environment(environment).ok_or_else(|| unknown_environment(environment))?;
    let Some(stages) = stages(&state.catalogue, declared.pipeline.as_ref())? else {
        return Ok(BTreeMap::new());
    };
    let asked = stages.iter().filter_map(|stage| match &stage.run {
        Run::Gates(gates) => Some(&gates.policies),
        _ => None,
    });
    asked.flatten().map(|name| Ok((name.clone(), revision(state, name)?))).collect()
}

/// The revision of a policy that stands now.
pub(crate) fn revision(state: &State, name: &Name) -> Result<Digest, Rejection> {
    let key = Key { kind: Kind::Policy, name: name.clone() };
    state
        .catalogue
        .digest(&key)
        .ok_or_else(|| Rejection::new(Code::Unplannable, format!("no Policy {name} is declared")))
}

/// A revision of a policy, also of one that has changed since.
pub fn policy<'a>(state: &'a State, digest: &Digest) -> Option<&'a resource::Policy> {
    match &state.catalogue.revision(digest)?.spec {
        Spec::Policy(policy) => Some(policy),
        _ => None,
    }
}

/// Everything that is known at `at` about a sealed release on its way into an environment.
///
/// # Errors
/// There is no such release or environment, or the release is a draft.
pub fn outline(
    state: &State,
    release: ReleaseId,
    environment: &Name,
    at: Timestamp,
) -> Result<Outline, Rejection> {
    let known = state.releases.known(release)?;
    let Some((reference, sealed)) = known.reference().zip(known.sealed.as_ref()) else {
        let (name, version) = (&known.bundle.name, &known.bundle.version);
        return Err(Rejection::new(Code::ReleaseNotSealed, format!("release {name}@{version} is a draft"))
            .hint(format!("`shipway release seal {name}@{version}` seals it")));
    };
    if state.catalogue.environment(environment).is_none() {
        return Err(unknown_environment(environment));
    }
    let mut outline = outline_of(state, reference, &known.bundle.parts, environment, at);
    outline.facts.makers = BTreeSet::from([known.created_by.clone(), sealed.by.clone()]);
    outline.facts.known_errors = known_error::carried(state, known);
    outline.facts.dropped_errors = known_error::dropped(state, known, environment);
    outline.facts.documents = known.bundle.documents.keys().copied().collect();
    // Only what gates read: the rest is for people.
    let is_read = |it: &Document| matches!(it, Document::Runbook | Document::RollbackPackage);
    let read = known.bundle.documents.iter().filter(|(kind, _)| is_read(kind));
    outline.documents = read.map(|(kind, digest)| (*kind, *digest)).collect();
    name_makers(state, &mut outline.facts);
    Ok(outline)
}

/// Everything that is known at `at` about one build, as if a release of it alone went there.
///
/// # Errors
/// There is no such build or environment.
pub fn outline_of_build(
    state: &State,
    service: &Name,
    version: &Version,
    environment: &Name,
    at: Timestamp,
) -> Result<Outline, Rejection> {
    let unknown = || {
        let message = format!("no build {service}@{version} is registered");
        Rejection::new(Code::UnknownArtifact, message).hint("`shipway artifact list` shows those there are")
    };
    let registered = state.artifacts.get(service, version).ok_or_else(unknown)?;
    if state.catalogue.environment(environment).is_none() {
        return Err(unknown_environment(environment));
    }
    let artifact = registered.artifact.digest;
    let key = Key { kind: Kind::Service, name: service.clone() };
    let part = Part {
        version: version.clone(),
        artifact,
        variants: BTreeMap::new(),
        configuration: state.catalogue.digest(&key),
    };
    let reference = ReleaseRef {
        id: NOBODYS.parse().expect("a valid id"),
        name: service.clone(),
        version: version.clone(),
        digest: artifact,
    };
    let parts = BTreeMap::from([(service.clone(), part)]);
    Ok(outline_of(state, reference, &parts, environment, at))
}

/// The facts about these builds, whoever put them together.
fn outline_of(
    state: &State,
    release: ReleaseRef,
    parts: &BTreeMap<Name, Part>,
    environment: &Name,
    at: Timestamp,
) -> Outline {
    let services: BTreeMap<Name, Service> =
        parts.iter().map(|(name, part)| (name.clone(), service(state, environment, name, part))).collect();
    let mut normals = BTreeMap::new();
    let own = services.iter().map(|(name, it)| (name, &it.artifacts));
    let evidence = about(state, own, Some(release.digest), at, &mut normals);
    let running = services.iter().filter_map(|(name, it)| Some((name, &it.running.as_ref()?.artifacts)));
    let baseline = about(state, running, None, at, &mut normals);
    let has_contracts = evidence
        .iter()
        .chain(&baseline)
        .any(|it| it.kinds.contains(&shipway_model::evidence::Kind::Contracts));
    let surroundings = surroundings::surroundings(
        state,
        environment,
        release.digest,
        &services,
        has_contracts,
        at,
        &mut normals,
    );
    let of_release =
        |it: &shipway_model::gate::facts::Quarantined| services.contains_key(&it.quarantine.service);
    let facts = Facts {
        release,
        makers: BTreeSet::new(),
        environment: environment.clone(),
        at,
        documents: BTreeSet::new(),
        evidence,
        baseline,
        waivers: waivers(state, at),
        known_errors: BTreeMap::new(),
        dropped_errors: BTreeSet::new(),
        surroundings,
        quarantines: state.quarantines.facts(at).filter(of_release).collect(),
        contents: BTreeMap::new(),
        services,
    };
    Outline { facts, normals, documents: BTreeMap::new() }
}

/// Makers and registrants under whichever of their names they send or set something aside.
fn name_makers(state: &State, facts: &mut Facts) {
    let senders: BTreeSet<&String> =
        facts.evidence.iter().map(|it| &it.by).chain(facts.quarantines.iter().map(|it| &it.by)).collect();
    // Under whichever of their names they send it, makers send their own.
    let with_other_names = |names: &BTreeSet<String>| -> BTreeSet<String> {
        let is_one = |sender: &&&String| names.iter().any(|it| state.access.is_same_person(it, sender));
        names.iter().chain(senders.iter().filter(is_one).copied()).cloned().collect()
    };
    let (release, environment) = (facts.release.id, &facts.environment);
    let mut makers = with_other_names(&facts.makers);
    makers.extend(
        senders.iter().filter(|it| had_a_hand(state, release, environment, it)).map(|it| (*it).clone()),
    );
    let registered: BTreeMap<Name, BTreeSet<String>> =
        facts.services.iter().map(|(name, it)| (name.clone(), with_other_names(&it.registered_by))).collect();
    facts.makers = makers;
    for (name, it) in &mut facts.services {
        it.registered_by = registered[name].clone();
    }
}

/// Whether whoever sends under this name wrote what is in the release, committed it, or asked for it to be rolled out there.
fn had_a_hand(state: &State, release: ReleaseId, environment: &Name, sender: &str) -> bool {
    let behind = state.access.behind(sender);
    let wrote =
        hands(state, release, None).into_iter().any(|it| it.part == Duty::Author && behind.contains(&it.who));
    let asked = || {
        let mut rollouts = state.rollouts.live.values();
        rollouts.any(|it| {
            it.plan.release.id == release
                && it.plan.environment == *environment
                && state.access.is_same_person(&it.requested_by, sender)
        })
    };
    wrote || asked()
}

fn unknown_environment(name: &Name) -> Rejection {
    Rejection::new(Code::UnknownEnvironment, format!("there is no environment {name}"))
        .hint("`shipway get environment` shows those there are")
}

/// Every digest that evidence about the release may be about.
pub(crate) fn subjects(release: &Release) -> BTreeSet<Digest> {
    let artifacts = release.bundle.parts.values().flat_map(artifacts);
    artifacts.chain(release.sealed.as_ref().map(|it| it.digest)).collect()
}

fn artifacts(part: &Part) -> impl Iterator<Item = Digest> + '_ {
    std::iter::once(part.artifact).chain(part.variants.values().copied())
}

fn service(state: &State, environment: &Name, name: &Name, part: &Part) -> Service {
    let artifacts: BTreeSet<Digest> = artifacts(part).collect();
    let registered = state.artifacts.get(name, &part.version);
    let registrations = artifacts.iter().flat_map(|it| state.artifacts.with_digest(it));
    let declared = part.configuration.as_ref().and_then(|it| state.catalogue.revision(it));
    let declared = declared.and_then(|it| match &it.spec {
        Spec::Service(service) => Some(service),
        _ => None,
    });
    let shipped = state.environments.get(environment).and_then(|it| it.services.get(name));
    Service {
        version: part.version.clone(),
        commit: registered.map(|it| it.artifact.commit.clone()).unwrap_or_default(),
        builder: registered.map(|it| it.artifact.builder.clone()).unwrap_or_default(),
        registered_by: registrations
            .filter(|it| it.artifact.service == *name)
            .map(|it| it.by.clone())
            .collect(),
        owner: declared.map(|it| it.owner.clone()),
        tier: declared.map(|it| it.tier),
        running: shipped.map(|it| running(&it.deployed)),
        depends_on: surroundings::relies_on(state, name).collect(),
        monitoring: declared.and_then(|it| it.monitoring.clone()),
        vendors: declared.map(|it| vendors(state, &it.depends_on)).unwrap_or_default(),
        artifacts,
    }
}

/// Whether somebody can be called at each vendor among these.
fn vendors(state: &State, depends_on: &[Dependency]) -> BTreeMap<Name, bool> {
    let names = depends_on.iter().filter_map(|it| match it {
        Dependency::Vendor(name) => Some(name),
        Dependency::Service(_) | Dependency::Library(_) => None,
    });
    let has_contact = |name: &Name| {
        let declared = state.catalogue.get(&Key { kind: Kind::Vendor, name: name.clone() });
        let Some(Spec::Vendor(vendor)) = declared.map(|it| &it.spec) else { return false };
        vendor.contact.as_ref().is_some_and(|it| !it.trim().is_empty())
    };
    names.map(|name| (name.clone(), has_contact(name))).collect()
}

fn running(deployed: &Deployed) -> Running {
    let artifacts = std::iter::once(deployed.artifact).chain(deployed.variants.values().copied());
    Running { version: deployed.version.clone(), artifacts: artifacts.collect() }
}

/// The documents about the artifacts of services, and those about `whole`, which are about every service. The earliest
/// first.
fn about<'s>(
    state: &State,
    services: impl Iterator<Item = (&'s Name, &'s BTreeSet<Digest>)>,
    whole: Option<Digest>,
    at: Timestamp,
    normals: &mut BTreeMap<EvidenceId, Digest>,
) -> Vec<Evidence> {
    let mut found: BTreeMap<EvidenceId, (&Attached, BTreeSet<Name>)> = BTreeMap::new();
    for (name, artifacts) in services {
        for attached in artifacts.iter().chain(&whole).flat_map(|it| state.evidence.about(it)) {
            found.entry(attached.id).or_insert_with(|| (attached, BTreeSet::new())).1.insert(name.clone());
        }
    }
    let mut evidence: Vec<Evidence> = found
        .into_values()
        .map(|(attached, services)| {
            normals.extend(attached.evidence.normal.map(|it| (attached.id, it)));
            fact(state, attached, services, at)
        })
        .collect();
    evidence.sort_by_key(|it| (it.at, it.id));
    evidence
}

fn fact(state: &State, attached: &Attached, services: BTreeSet<Name>, at: Timestamp) -> Evidence {
    let document = &attached.evidence;
    let (seal, unsealed) = match &document.seal {
        Some(seal) => match evidence::seal::signer(&state.catalogue, document, &seal.signature, at) {
            Ok(_) => (Some(seal.clone()), None),
            Err(why) => (None, Some(why)),
        },
        None => (None, None),
    };
    Evidence {
        id: attached.id,
        subject: document.subject.clone(),
        services,
        format: document.format.clone(),
        kinds: document.kinds.clone(),
        at: attached.at,
        by: attached.by.clone(),
        file_name: document.file_name.clone(),
        statement: document.statement.clone(),
        seal,
        unsealed,
        ran: document.ran.as_ref().map(|it| ran(state, it)),
        normal: None,
    }
}

/// What was counted, and what the environment declares of the rest.
fn ran(state: &State, told: &Ran) -> Ran {
    let declared = told.environment.as_ref().and_then(|it| state.catalogue.environment(it));
    let mut data = declared.map(|it| it.scale.data).unwrap_or_default();
    data.extend(told.data.iter().map(|(name, n)| (name.clone(), *n)));
    Ran { environment: told.environment.clone(), data }
}

fn waivers(state: &State, at: Timestamp) -> Vec<GrantedWaiver> {
    let granted = state.waivers.iter().filter_map(|grant| {
        Some(GrantedWaiver {
            id: grant.id,
            waiver: grant.waiver.clone(),
            requested_by: grant.requested_by.clone(),
            approved_by: grant.in_force(at)?.to_owned(),
        })
    });
    granted.collect()
}

/// Takes in what gates said to a step that asked them. Once, and only in answer to what is asked now.
///
/// # Errors
/// The step asks no gates, or the decision is about something else than it asks.
pub(crate) fn decide(
    state: &State,
    key: EffectKey,
    decision_id: DecisionId,
    decision: &Decision,
) -> Result<Vec<Body>, Rejection> {
    let Some(rollout) = state.rollouts.live.get(&key.rollout) else { return Ok(Vec::new()) };
    let invalid = |message: &str| Err(Rejection::new(Code::InvalidReport, format!("{key}: {message}")));
    let Some((planned, step)) = rollout.plan.step(key.step).zip(rollout.step(key.step)) else {
        return invalid("the plan has no such step");
    };
    let Action::Gates { policies } = &planned.action else { return invalid("the step asks no gates") };
    if rollout.direction() != Direction::Do || !step.is_asking(key.attempt) {
        return Ok(Vec::new());
    }
    let plan = &rollout.plan;
    if decision.policies != *policies
        || decision.release != plan.release
        || decision.environment != plan.environment
    {
        return invalid("the decision is about something else than the step asks");
    }
    // A policy without a gate passes nothing.
    if decision.passes != (!decision.requirements.is_empty() && decision.unmet().next().is_none()) {
        return invalid("the decision contradicts its own requirements");
    }
    let (id, step, attempt) = (key.rollout, key.step, key.attempt);
    let (result, said) = (decision.result(), Arc::new(decision.clone()));
    let decided = Body::GateDecided { id, step, attempt, decision_id, decision: said, result };
    if !decision.passes {
        return Ok(vec![decided]);
    }
    let summary = format!("{} requirements are met", decision.requirements.len());
    let outcome = Outcome::Succeeded { result: Success::Completed { summary } };
    Ok(vec![decided, Body::StepEnded { id, step, direction: Direction::Do, attempt, outcome }])
}

/// What gates said last to rollouts that still go by it, and where.
pub fn standing(state: &State) -> impl Iterator<Item = (&Rollout, StepId, &Answered)> {
    let rollouts = state.rollouts.live.values();
    rollouts.flat_map(|it| rollout::gates::standing(it).map(move |(step, answered)| (it, step.id, answered)))
}

/// Has gates asked again, because what they were told from outside of the ledger is no longer so. `attempt` is the asking that
/// saw it: once it is not the last one any more, or nothing waits behind it, there is nothing to do.
pub(crate) fn reopen(state: &State, id: RolloutId, step: StepId, attempt: u32, reason: &str) -> Vec<Body> {
    let is_meant =
        |it: &(&Rollout, StepId, &Answered)| it.0.id == id && it.1 == step && it.2.attempt == attempt;
    let meant = standing(state).any(|it| is_meant(&it));
    meant.then(|| Body::StepReopened { id, step, reason: reason.to_owned() }).into_iter().collect()
}

/// What gates said to a step last.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    pub id: DecisionId,
    pub attempt: u32,
    pub decision: Arc<Decision>,
}
