//! What was deployed, declared or changed elsewhere before an alert, ranked.
//!
//! First what is in the alert's environment; then by the distance from the alert's service along the dependencies, what it
//! needs before what needs it; then the latest.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use jiff::{SignedDuration, Timestamp};
use shipway_model::alert::{Alert, Culprit, HORIZON, Marker, SUSPECTS_MAX, Suspect};
use shipway_model::resource::{Key, Kind};
use shipway_model::{Millis, Name};

use super::{Declared, environment_of, service_of};
use crate::catalogue::graph::{Graph, graph};
use crate::{State, Summary};

/// The newest rollouts that are looked at.
const ROLLOUTS_MAX: usize = 10_000;

/// What an alert is about, and how far everything else is from it.
struct Scene<'a> {
    alert: &'a Alert,
    from: Timestamp,
    service: Option<Name>,
    environment: Option<Name>,
    nearness: BTreeMap<Key, Nearness>,
}

/// Ordered as suspicion falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Nearness {
    distance: u32,
    way: Way,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    /// The alert's service needs it.
    Needed,
    /// It needs the alert's service.
    Needs,
}

pub(super) fn before(state: &State, alert: &Alert) -> Vec<Suspect> {
    let (service, environment) = (service_of(state, alert), environment_of(state, alert));
    let horizon = SignedDuration::from_millis(HORIZON.0.cast_signed());
    let scene = Scene {
        alert,
        from: alert.starts_at.checked_sub(horizon).unwrap_or(Timestamp::MIN),
        nearness: service.as_ref().map(|it| nearness(&graph(&state.catalogue), it)).unwrap_or_default(),
        service,
        environment,
    };
    let summaries = state.rollouts.summaries.values().rev().take(ROLLOUTS_MAX);
    let rollouts = summaries.filter_map(|it| scene.of_rollout(state, it));
    let declared = state.alerts.declared.iter().filter_map(|it| scene.of_declaration(it));
    let markers = state.alerts.markers.iter().filter_map(|it| scene.of_marker(it));
    let mut ranked: Vec<_> = rollouts.chain(declared).chain(markers).collect();
    ranked.sort_by_key(|(elsewhere, near, suspect)| (*elsewhere, near.is_none(), *near, suspect.before));
    ranked.into_iter().take(SUSPECTS_MAX).map(|(_, _, suspect)| suspect).collect()
}

/// Whether it is in another environment than the alert, how near it is, and the suspect.
type Ranked = (bool, Option<Nearness>, Suspect);

impl Scene<'_> {
    fn of_rollout(&self, state: &State, summary: &Summary) -> Option<Ranked> {
        let at = summary.started?;
        let is_over = summary.ended.is_some_and(|it| it < self.from);
        if at > self.alert.starts_at || is_over {
            return None;
        }
        let services: BTreeSet<Name> = match state.rollouts.live.get(&summary.id) {
            Some(live) => {
                let shipped = live.plan.services.iter().filter(|it| it.strategy != "unchanged");
                shipped.map(|it| it.service.clone()).collect()
            }
            None => state.releases.get(summary.release.id)?.bundle.parts.keys().cloned().collect(),
        };
        let nearest = services
            .iter()
            .filter_map(|it| Some((*self.nearness.get(&service_key(it))?, it)))
            .min_by_key(|it| it.0);
        let elsewhere = self.environment.as_ref().is_some_and(|it| *it != summary.environment);
        let reason = self.sentence("ships", nearest.map(|(near, name)| (near, format!("{name}"))), at);
        let what = Culprit::Rollout { id: summary.id, release: summary.release.clone() };
        let environment = Some(summary.environment.clone());
        let near = nearest.map(|it| it.0);
        let distance = near.map(|it| it.distance);
        let before = self.ago(at);
        Some((elsewhere, near, Suspect { what, at, before, environment, services, distance, reason }))
    }

    fn of_declaration(&self, declared: &Declared) -> Option<Ranked> {
        let Declared { key, digest, at, by } = declared;
        if *at > self.alert.starts_at || *at < self.from {
            return None;
        }
        let is_environment = key.kind == Kind::Environment;
        let environment = is_environment.then(|| key.name.clone());
        let elsewhere = is_environment && self.environment.as_ref().is_some_and(|it| *it != key.name);
        let near = self.nearness.get(key).copied();
        let services = if key.kind == Kind::Service { [key.name.clone()].into() } else { BTreeSet::new() };
        let reason = match near {
            Some(near) => self.sentence("declares", Some((near, key.to_string())), *at),
            None if is_environment && self.environment.as_ref() == Some(&key.name) => {
                format!("{by} declared the alert's environment anew, {} before", whole_seconds(self.ago(*at)))
            }
            None => format!("{by} declared {key} anew, {} before", whole_seconds(self.ago(*at))),
        };
        let what = Culprit::Resource { kind: key.kind, name: key.name.clone(), digest: *digest };
        let (distance, before) = (near.map(|it| it.distance), self.ago(*at));
        let suspect = Suspect { what, at: *at, before, environment, services, distance, reason };
        Some((elsewhere, near, suspect))
    }

    fn of_marker(&self, marker: &Marker) -> Option<Ranked> {
        let Marker { what, at, service, environment } = marker;
        if *at > self.alert.starts_at || *at < self.from {
            return None;
        }
        let elsewhere =
            environment.as_ref().is_some_and(|it| self.environment.as_ref().is_some_and(|of| of != it));
        let near = service.as_ref().and_then(|it| self.nearness.get(&service_key(it)).copied());
        let touched = near.zip(service.as_ref()).map(|(near, it)| (near, it.to_string()));
        let reason = match service {
            Some(_) => self.sentence("changes", touched, *at),
            None => format!("it names no service, and changed {} before", whole_seconds(self.ago(*at))),
        };
        let suspect = Suspect {
            what: Culprit::Marker { what: what.clone() },
            at: *at,
            before: self.ago(*at),
            environment: environment.clone(),
            services: service.iter().cloned().collect(),
            distance: near.map(|it| it.distance),
            reason,
        };
        Some((elsewhere, near, suspect))
    }

    fn sentence(&self, verb: &str, near: Option<(Nearness, String)>, at: Timestamp) -> String {
        let before = whole_seconds(self.ago(at));
        let (Some(service), Some((near, touched))) = (&self.service, near) else {
            return format!("it began {before} before, and no dependency leads to what it {verb}");
        };
        let steps = match near.distance {
            1 => "directly".to_owned(),
            n => format!("over {n} steps"),
        };
        match near {
            Nearness { distance: 0, .. } => format!("it {verb} {service} itself, {before} before"),
            Nearness { way: Way::Needed, .. } => {
                format!("it {verb} {touched}, which {service} needs {steps}, {before} before")
            }
            Nearness { way: Way::Needs, .. } => {
                format!("it {verb} {touched}, which needs {service} {steps}, {before} before")
            }
        }
    }

    fn ago(&self, at: Timestamp) -> Millis {
        let passed = self.alert.starts_at.duration_since(at).as_millis();
        Millis(u64::try_from(passed).unwrap_or(0))
    }
}

fn whole_seconds(duration: Millis) -> Millis {
    Millis(duration.0 / 1000 * 1000)
}

fn service_key(name: &Name) -> Key {
    Key { kind: Kind::Service, name: name.clone() }
}

/// Everything to which dependencies lead from the service, in either direction, but not back and forth.
fn nearness(graph: &Graph, service: &Name) -> BTreeMap<Key, Nearness> {
    let start = service_key(service);
    let needed = distances(&start, |key| graph.get(key).into_iter().flatten().cloned().collect());
    let needs = distances(&start, |key| {
        graph.iter().filter(|(_, needs)| needs.contains(key)).map(|(it, _)| it.clone()).collect()
    });
    let mut all = BTreeMap::new();
    for (way, found) in [(Way::Needed, needed), (Way::Needs, needs)] {
        for (key, distance) in found {
            let it = Nearness { distance, way };
            all.entry(key).and_modify(|known: &mut Nearness| *known = (*known).min(it)).or_insert(it);
        }
    }
    all
}

fn distances(start: &Key, next: impl Fn(&Key) -> Vec<Key>) -> BTreeMap<Key, u32> {
    let mut found = BTreeMap::from([(start.clone(), 0)]);
    let mut open = VecDeque::from([start.clone()]);
    while let Some(key) = open.pop_front() {
        let distance = found[&key] + 1;
        for other in next(&key) {
            if !found.contains_key(&other) {
                found.insert(other.clone(), distance);
                open.push_back(other);
            }
        }
    }
    found
}
