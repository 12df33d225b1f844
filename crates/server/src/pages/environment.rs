//! One environment: what runs on which host, who receives its traffic, and who waits to come in. Here it is paused.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::Path;
use axum::response::Response;
use serde::Deserialize;
use shipway_api::operations::pause::{PauseScope, ResumeScope};
use shipway_api::view::agent::Connection;
use shipway_api::{Code, Operation};
use shipway_engine::alert::{Received, environment_of};
use shipway_engine::environment::parity;
use shipway_engine::{Command, State};
use shipway_model::event::Scope;
use shipway_model::{Name, gate};

use super::alerts::{self, Told};
use super::bookings::{self, Booked};
use super::csrf::Sent;
use super::decide::{see, submit};
use super::document::{Area, Motion};
use super::drawing::split::{Split, splits};
use super::moment::{self, Moment};
use super::prose::Prose;
use super::rollouts::{self, Row};
use super::visit::{self, Asked, Shown, Visit};
use super::words::{self, Badge, Hash, Tone};
use crate::problem::{self, Failure};
use crate::views;

const ENDED_MAX: usize = 8;
const ALERTS_MAX: usize = 10;

#[derive(Template)]
#[template(path = "environment.html")]
struct Shape {
    name: String,
    description: String,
    badge: Badge,
    /// How many of what should run does, and on how many hosts.
    up: usize,
    targets: usize,
    n_hosts: String,
    promotes_from: Option<String>,
    limit: u32,
    parity: Option<Parity>,
    /// With which it can be compared.
    others: Vec<String>,
    paused: Option<Held>,
    services: Vec<Service>,
    splits: Vec<Split>,
    hosts: Vec<Host>,
    flight: Vec<Row>,
    queued: Vec<Queued>,
    ended: Vec<Row>,
    forecasts: Vec<(u32, String, String)>,
    /// What agents found there and no order put there.
    strays: Vec<Stray>,
    bookings: Vec<Booked>,
    /// Those that have not ended.
    alerts: Vec<Told>,
    may: bool,
    csrf: String,
    key: String,
}

struct Held {
    by: String,
    reason: String,
    since: Moment,
    /// Whether it is this environment's own pause, which can be lifted here.
    own: bool,
}

struct Service {
    name: String,
    version: String,
    release: String,
    /// Of its declaration, as it was shipped.
    configuration: Hash,
    /// The release whose migrations it has, and their digest.
    migrations: Option<(String, Hash)>,
    since: Moment,
}

struct Host {
    name: String,
    zone: String,
    badge: Badge,
    heard: Option<Moment>,
    instances: Vec<(String, String, Badge, String)>,
}

struct Stray {
    host: String,
    kind: &'static str,
    service: String,
    version: String,
    detail: Prose,
    since: Moment,
}

struct Queued {
    id: String,
    release: String,
    position: u32,
    why: Prose,
    until: Prose,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct About {
    /// The environment that it is compared with; the one that releases come from when it is left out.
    with: String,
}

/// Where it is not like another environment.
struct Parity {
    with: String,
    differences: Vec<Difference>,
}

struct Difference {
    /// Topology, capacity, versions, settings or the way in.
    area: String,
    name: String,
    there: String,
    here: String,
}

pub(super) async fn page(visit: Visit, Path(name): Path<String>, Asked(about): Asked<About>) -> Response {
    let answered = draw(&visit, &visit.state(), &name, &about).map(|content| {
        let title = content.name.clone();
        visit.show(&Shown {
            title: title.as_str().into(),
            area: Area::Environments,
            motion: Motion::Live,
            content,
        })
    });
    visit::answer(&visit, answered)
}

fn named(state: &State, text: &str) -> Result<Name, Failure> {
    let unknown = || {
        Failure::new(Code::UnknownEnvironment, format!("there is no environment `{}`", problem::shown(text)))
            .hint("the list of environments shows those there are")
    };
    let name: Name = text.parse().map_err(|_| unknown())?;
    let is_known = state.catalogue.environment(&name).is_some() || state.environments.get(&name).is_some();
    if is_known { Ok(name) } else { Err(unknown()) }
}

/// None where there is nothing to compare it with.
fn parity(state: &State, name: &Name, with: &str) -> Option<Parity> {
    let before = || state.catalogue.environment(name)?.promotes_from;
    let with: Name = with.parse().ok().or_else(before)?;
    // Of several hosts, those that lack a label have an empty value.
    let named = |it: &str| if it.is_empty() { "none" } else { it }.to_owned();
    let word = |it: Option<String>| match it {
        Some(text) => text.split(", ").map(named).collect::<Vec<_>>().join(", "),
        None => "–".to_owned(),
    };
    let difference = |it: gate::facts::Difference| {
        let (area, name) = it.name.split_once('/').unwrap_or(("", &it.name));
        let (area, name) = (area.to_owned(), name.replace('/', " "));
        Difference { area, name, there: word(it.there), here: word(it.here) }
    };
    let differences = parity::differences(state, &with, name)?.into_iter().map(difference).collect();
    Some(Parity { with: with.to_string(), differences })
}

fn draw(visit: &Visit, state: &State, text: &str, about: &About) -> Result<Shape, Failure> {
    let (name, clock) = (named(state, text)?, &visit.clock);
    let view = views::environment::view(state, &name);
    let queue = views::environment::queue(state, &name);
    let key =
        shipway_model::resource::Key { kind: shipway_model::resource::Kind::Environment, name: name.clone() };
    let known = state.environments.get(&name);
    let running = known.into_iter().flat_map(|it| &it.running);
    let summary = |id: &shipway_model::RolloutId| state.rollouts.summaries.get(id);
    let ended =
        state.rollouts.summaries.values().rev().filter(|it| it.environment == name && it.ended.is_some());
    let paused = state.pauses.holding_environment(&name).map(|it| Held {
        by: it.by.clone(),
        reason: it.reason.clone(),
        since: clock.moment(it.since),
        own: it.scope == Scope::Environment(name.clone()),
    });
    let shipped = known.into_iter().flat_map(|it| &it.services);
    let permission = if paused.is_some() { ResumeScope::PERMISSION } else { PauseScope::PERMISSION };
    let place = super::now::place(state, &name);
    let migrated = views::inventory::migrated(state);
    Ok(Shape {
        badge: place.badge,
        up: place.up,
        targets: place.targets,
        n_hosts: place.hosts,
        description: state.catalogue.get(&key).map(|it| it.metadata.description.clone()).unwrap_or_default(),
        promotes_from: view.summary.promotes_from.as_ref().map(ToString::to_string),
        limit: view.concurrency.rollouts,
        parity: parity(state, &name, &about.with),
        others: super::now::places(state)
            .into_iter()
            .filter(|it| **it != name)
            .map(ToString::to_string)
            .collect(),
        services: shipped
            .map(|(service, it)| Service {
                name: service.to_string(),
                version: it.deployed.version.to_string(),
                release: format!("{}@{}", it.release.name, it.release.version),
                configuration: Hash(it.deployed.contract),
                migrations: migrated
                    .get(&(&name, service))
                    .map(|it| (format!("{}@{}", it.release.name, it.release.version), Hash(it.digest))),
                since: clock.moment(it.since),
            })
            .collect(),
        splits: splits(&view.traffic),
        hosts: hosts(visit, state, &view),
        flight: running.filter_map(summary).map(|it| rollouts::row(state, it, clock)).collect(),
        queued: queue
            .queued
            .into_iter()
            .map(|it| Queued {
                id: it.rollout.to_string(),
                release: format!("{} {}", it.release.name, it.release.version),
                position: it.position,
                why: clock.prose(&it.why),
                until: clock.prose(&it.until),
            })
            .collect(),
        ended: ended.take(ENDED_MAX).map(|it| rollouts::row(state, it, clock)).collect(),
        forecasts: queue
            .forecasts
            .iter()
            .map(|it| (it.rollouts, moment::length(it.wait_mean), moment::length(it.wait_max)))
            .collect(),
        strays: strays(state, &name, visit),
        bookings: bookings::of(state, &name, clock)
            .iter()
            .map(|it| bookings::told(it.0, it.1, clock))
            .collect(),
        alerts: firing(state, &name).map(|it| alerts::told(state, it, clock)).collect(),
        may: visit.is_now() && permission.allows(visit.caller.role),
        paused,
        csrf: visit.csrf.as_str().to_owned(),
        key: visit.app.runtime.random_secret(),
        name: name.to_string(),
    })
}

fn strays(state: &State, name: &Name, visit: &Visit) -> Vec<Stray> {
    let there = state.strays.iter().filter(|(_, it, _)| it.environment == *name);
    there
        .map(|(host, it, since)| Stray {
            host: host.to_string(),
            kind: it.kind.word(),
            service: it.service.to_string(),
            version: it.version.to_string(),
            detail: visit.clock.prose(&it.detail),
            since: visit.clock.moment(since),
        })
        .collect()
}

/// The newest first.
fn firing<'a>(state: &'a State, name: &'a Name) -> impl Iterator<Item = &'a Received> {
    let open = state.alerts.iter().rev().filter(|it| it.ended_at.is_none());
    open.filter(move |it| environment_of(state, &it.alert).is_some_and(|it| it == *name)).take(ALERTS_MAX)
}

fn hosts(visit: &Visit, state: &State, view: &shipway_api::view::environment::EnvironmentView) -> Vec<Host> {
    let mut by_host: BTreeMap<&Name, Vec<_>> = view.summary.hosts.iter().map(|it| (it, Vec::new())).collect();
    for target in &view.targets {
        let badge = words::of_target(target.condition);
        let row = (target.service.to_string(), target.version.to_string(), badge, target.detail.clone());
        by_host.entry(&target.target).or_default().push(row);
    }
    let host = |(name, instances): (&Name, Vec<_>)| {
        // Who is connected is only known of now.
        let heard = visit.is_now().then(|| visit.app.hearing.of(name, visit.now()));
        Host {
            name: name.to_string(),
            zone: state.agents.get(name).map(|it| it.zone().to_owned()).unwrap_or_default(),
            badge: match heard.map(|it| it.connection) {
                Some(Connection::Connected) => Tone::Good.badge("connected"),
                Some(Connection::Silent) => Tone::Bad.badge("silent"),
                Some(Connection::Unrecorded) | None => Tone::Idle.badge("not recorded"),
            },
            heard: heard.and_then(|it| it.at).map(|it| visit.clock.moment(it)),
            instances,
        }
    };
    by_host.into_iter().map(host).collect()
}

/// Pauses or resumes the environment, and shows it again.
pub(super) async fn pause(Path(name): Path<String>, sent: Sent) -> Response {
    visit::answer(&sent.visit, paused(&name, &sent).await)
}

async fn paused(text: &str, sent: &Sent) -> Result<Response, Failure> {
    let name = named(&sent.visit.state(), text)?;
    let scope = Scope::Environment(name.clone());
    let command = match sent.field("do") {
        "resume" => Command::ResumeScope { scope },
        _ => Command::PauseScope { scope, reason: sent.field("reason").to_owned() },
    };
    submit(sent, command).await?;
    Ok(see(&format!("/environments/{name}")))
}
