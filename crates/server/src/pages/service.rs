//! One service: what runs where and since when, who answers for it, what it needs and what needs it.

use std::collections::BTreeSet;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use jiff::Timestamp;
use shipway_api::Code;
use shipway_engine::catalogue::graph;
use shipway_engine::{Registered, State, Summary};
use shipway_model::Name;
use shipway_model::resource::{Key, Kind, Spec};

use self::incidents::Incident;
use self::numbers::Numbers;
use super::document::{Area, Motion};
use super::drawing::Svg;
use super::moment::{self, Clock, Moment};
use super::rollouts::{self, Row};
use super::services::picture;
use super::visit::{self, Shown, Visit};
use super::words::{self, Badge, Hash, Tone};
use crate::problem::{self, Failure};

mod incidents;
mod numbers;

const ARTIFACTS_MAX: usize = 12;
const ROLLOUTS_MAX: usize = 10;
const EVIDENCE_MAX: usize = 12;

#[derive(Template)]
#[template(path = "service.html")]
struct Service {
    name: String,
    description: String,
    facts: Vec<(&'static str, String)>,
    places: Vec<Place>,
    needs: Vec<Neighbour>,
    needed_by: Vec<Neighbour>,
    graph: Option<Svg>,
    artifacts: Vec<Artifact>,
    evidence: Vec<Proof>,
    /// What went wrong about it lately.
    incidents: Vec<Incident>,
    /// What became of its rollouts lately.
    numbers: Option<Numbers>,
    days: i64,
    rollouts: Vec<Row>,
    paused: Option<String>,
    digest: Hash,
    revision: u32,
}

struct Place {
    environment: String,
    version: String,
    release: String,
    since: Moment,
    age: String,
    up: usize,
    targets: usize,
    badge: Badge,
}

struct Neighbour {
    kind: &'static str,
    name: String,
    is_service: bool,
}

struct Artifact {
    version: String,
    digest: Hash,
    size: String,
    at: Moment,
    commit: String,
    builder: String,
    evidence: usize,
    /// Vulnerabilities that it is known to carry; None where nothing was compared yet.
    vulnerabilities: Option<usize>,
}

/// Something that was attached about a build.
struct Proof {
    says: String,
    format: String,
    version: String,
    at: Moment,
    by: String,
}

pub(super) async fn page(visit: Visit, Path(name): Path<String>) -> Response {
    let answered = visit.try_show_alike(&(), || {
        let content = draw(&visit.state(), &name, &visit.clock)?;
        Ok(Shown { title: name.as_str().into(), area: Area::Services, motion: Motion::Live, content })
    });
    visit::answer(&visit, answered)
}

fn draw(state: &State, name: &str, clock: &Clock) -> Result<Service, Failure> {
    let unknown = || {
        Failure::new(Code::UnknownResource, format!("no service `{}` is declared", problem::shown(name)))
            .hint("the list of services shows those there are")
    };
    let name: Name = name.parse().map_err(|_| unknown())?;
    let key = Key { kind: Kind::Service, name: name.clone() };
    let resource = state.catalogue.get(&key).ok_or_else(unknown)?;
    let Spec::Service(spec) = &resource.spec else { return Err(unknown()) };
    let needs = graph::needs(&resource.spec).unwrap_or_default();
    let needed_by: BTreeSet<&Key> = graph::consumers(&state.catalogue, &key).collect();
    let around: BTreeSet<&Key> = needs.iter().chain(needed_by.iter().copied()).chain([&key]).collect();
    // Only what is drawn: the whole graph of a large catalogue would be laid out for a handful of boxes.
    let edges = |it: &Key| Some((it.clone(), graph::needs(&state.catalogue.get(it)?.spec)?));
    let all: graph::Graph = around.iter().filter_map(|it| edges(it)).collect();
    let is_alone = around.len() == 1;
    let mut artifacts: Vec<_> = state.artifacts.of_service(&name).collect();
    artifacts.sort_by_key(|it| std::cmp::Reverse(it.at));
    let ships = |it: &&Summary| {
        state.releases.get(it.release.id).is_some_and(|release| release.bundle.parts.contains_key(&name))
    };
    let of_it: Vec<&Summary> = state.rollouts.summaries.values().rev().filter(ships).collect();
    Ok(Service {
        description: resource.metadata.description.clone(),
        facts: facts(spec),
        places: places(state, &name, clock),
        needs: needs.iter().map(neighbour).collect(),
        needed_by: needed_by.iter().map(|it| neighbour(it)).collect(),
        graph: (!is_alone).then(|| picture(&all, around)),
        evidence: evidence(state, &artifacts, clock),
        incidents: incidents::of(state, &name, of_it.iter().copied(), clock),
        numbers: Numbers::of(of_it.iter().copied(), |it| built(state, &name, it), clock),
        days: numbers::DAYS,
        artifacts: artifacts.into_iter().take(ARTIFACTS_MAX).map(|it| artifact(state, it, clock)).collect(),
        rollouts: of_it.into_iter().take(ROLLOUTS_MAX).map(|it| rollouts::row(state, it, clock)).collect(),
        paused: state.pauses.holding_service(&name).map(|it| format!("by {}: {}", it.by, it.reason)),
        digest: Hash(resource.digest()),
        revision: state.catalogue.revision_count(&key),
        name: name.to_string(),
    })
}

fn facts(spec: &shipway_model::resource::Service) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("owner", spec.owner.to_string()),
        ("tier", spec.tier.to_string()),
        ("criticality", format!("{:?}", spec.criticality).to_lowercase()),
    ];
    if let Some(recovery) = spec.recovery_time {
        facts.push(("promised recovery", moment::length(recovery)));
    }
    for (name, objectives) in [("objective", &spec.slo), ("agreement", &spec.sla)] {
        let Some(it) = objectives else { continue };
        let available = it.availability.map(|it| format!("{it} % of requests succeed"));
        let fast = it.latency_p99.map(|it| format!("99 % within {}", moment::length(it)));
        let told: Vec<String> = available.into_iter().chain(fast).collect();
        facts.push((name, told.join(", ")));
    }
    if !spec.data_classes.is_empty() {
        let classes: Vec<&str> = spec.data_classes.iter().map(Name::as_str).collect();
        facts.push(("data", classes.join(", ")));
    }
    if spec.zero_downtime {
        facts.push(("downtime", "none is allowed".to_owned()));
    }
    facts
}

fn places(state: &State, name: &Name, clock: &Clock) -> Vec<Place> {
    let shipped =
        state.environments.iter().filter_map(|(place, it)| Some((place, it, it.services.get(name)?)));
    shipped
        .map(|(place, known, shipped)| {
            let targets: Vec<_> = known
                .instances
                .iter()
                .filter(|(it, _)| it.service == *name && it.version == shipped.deployed.version)
                .collect();
            let up = targets.iter().filter(|(_, it)| it.status.word() == "healthy").count();
            Place {
                environment: place.to_string(),
                version: shipped.deployed.version.to_string(),
                release: format!("{}@{}", shipped.release.name, shipped.release.version),
                since: clock.moment(shipped.since),
                age: clock.age(shipped.since),
                up,
                targets: targets.len(),
                badge: match () {
                    () if targets.is_empty() => Tone::Idle.badge("stopped"),
                    () if up == targets.len() => Tone::Good.badge("healthy"),
                    () => Tone::Bad.badge("not all healthy"),
                },
            }
        })
        .collect()
}

fn neighbour(key: &Key) -> Neighbour {
    Neighbour {
        kind: match key.kind {
            Kind::Vendor => "vendor",
            Kind::Library => "library",
            _ => "service",
        },
        name: key.name.to_string(),
        is_service: key.kind == Kind::Service,
    }
}

/// About its latest builds, the newest first.
fn evidence(state: &State, artifacts: &[&Registered], clock: &Clock) -> Vec<Proof> {
    let latest = artifacts.iter().take(ARTIFACTS_MAX);
    let mut found: Vec<_> = latest
        .flat_map(|build| state.evidence.about(&build.artifact.digest).map(move |it| (it, build)))
        .collect();
    found.sort_by_key(|(it, _)| std::cmp::Reverse(it.id));
    let proof = |(it, build): (&shipway_engine::Attached, &&Registered)| Proof {
        says: super::evidence::says(it),
        format: it.evidence.format.clone(),
        version: build.artifact.version.to_string(),
        at: clock.moment(it.at),
        by: it.by.clone(),
    };
    found.into_iter().take(EVIDENCE_MAX).map(proof).collect()
}

/// When the build of it that a rollout brought was registered.
fn built(state: &State, name: &Name, rollout: &Summary) -> Option<Timestamp> {
    let part = state.releases.get(rollout.release.id)?.bundle.parts.get(name)?;
    state.artifacts.get(name, &part.version).map(|it| it.at)
}

fn artifact(state: &State, registered: &Registered, clock: &Clock) -> Artifact {
    let it = &registered.artifact;
    Artifact {
        version: it.version.to_string(),
        digest: Hash(it.digest),
        size: words::bytes(it.size_bytes),
        at: clock.moment(registered.at),
        commit: it.commit.chars().take(12).collect(),
        builder: it.builder.clone(),
        evidence: state.evidence.about(&it.digest).count(),
        vulnerabilities: state.vulnerabilities.of(&it.digest).map(|it| it.since.len()),
    }
}
