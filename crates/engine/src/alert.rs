//! Alerts from outside: what lies before each, and what each does to the rollout that ships the service of which it tells.
//!
//! An alert belongs to a service and an environment by its labels: the first of [`SERVICE_LABELS`] that names a declared
//! service, and the first of [`ENVIRONMENT_LABELS`] that names an environment. One that names neither is recorded, and
//! its suspects are ranked by time alone; only one that names both can stop a rollout.

mod suspect;
mod trigger;

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use shipway_model::alert::{Alert, Marker, Suspect};
use shipway_model::event::{Body, Event};
use shipway_model::resource::Key;
use shipway_model::{AlertId, Digest, Name};

use crate::{Context, State};

/// Labels by which an alert may name its service, as exporters and OpenTelemetry call it.
pub const SERVICE_LABELS: [&str; 4] = ["service", "service_name", "app", "job"];
/// Labels by which an alert may name its environment.
pub const ENVIRONMENT_LABELS: [&str; 4] =
    ["environment", "deployment_environment_name", "deployment_environment", "env"];
/// Alerts that are kept in memory, the newest; the ledger has all.
const ALERTS_MAX: usize = 10_000;
/// Declarations that can be suspects, the newest.
const DECLARED_MAX: usize = 1000;
/// The same of changes that were made elsewhere.
const MARKERS_MAX: usize = 1000;

/// An alert as it is told: it fires, or has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    /// For one that is not known yet.
    pub id: AlertId,
    pub alert: Alert,
    pub ended_at: Option<Timestamp>,
}

/// An alert that was told.
#[derive(Debug, Clone, PartialEq)]
pub struct Received {
    pub id: AlertId,
    pub alert: Alert,
    pub suspects: Vec<Suspect>,
    pub at: Timestamp,
    /// Who told of it.
    pub by: String,
    pub ended_at: Option<Timestamp>,
}

#[derive(Debug, Clone, Default)]
pub struct Alerts {
    by_id: BTreeMap<AlertId, Received>,
    /// The latest by what its sender calls it.
    latest: BTreeMap<String, AlertId>,
    declared: VecDeque<Declared>,
    markers: VecDeque<Marker>,
}

/// A change of what is declared.
#[derive(Debug, Clone)]
struct Declared {
    key: Key,
    digest: Digest,
    at: Timestamp,
    by: String,
}

impl Received {
    /// Whether another of the same sender and name is not this one told again. Several senders of one alert do not agree to
    /// the second when it began; but what began after this one had been told of, or had ended, is another.
    fn is_followed_by(&self, alert: &Alert) -> bool {
        alert.starts_at > self.ended_at.unwrap_or(self.at)
    }
}

impl Alerts {
    pub fn get(&self, id: AlertId) -> Option<&Received> {
        self.by_id.get(&id)
    }

    /// The earliest first.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Received> {
        self.by_id.values()
    }

    fn known(&self, alert: &Alert) -> Option<&Received> {
        self.get(*self.latest.get(&alert.fingerprint)?)
    }

    pub(crate) fn note_declaration(&mut self, key: Key, digest: Digest, event: &Event) {
        self.declared.push_back(Declared { key, digest, at: event.at, by: event.actor.clone() });
        if self.declared.len() > DECLARED_MAX {
            self.declared.pop_front();
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        match &event.body {
            Body::AlertFired { id, alert, suspects } => {
                let received = Received {
                    id: *id,
                    alert: alert.as_ref().clone(),
                    suspects: suspects.clone(),
                    at: event.at,
                    by: event.actor.clone(),
                    ended_at: None,
                };
                self.latest.insert(alert.fingerprint.clone(), *id);
                self.by_id.insert(*id, received);
                if self.by_id.len() > ALERTS_MAX
                    && let Some((id, gone)) = self.by_id.pop_first()
                    && self.latest.get(&gone.alert.fingerprint) == Some(&id)
                {
                    self.latest.remove(&gone.alert.fingerprint);
                }
            }
            Body::AlertResolved { id, ended_at } => {
                if let Some(it) = self.by_id.get_mut(id) {
                    it.ended_at = Some(*ended_at);
                }
            }
            Body::MarkerSet { marker } => {
                self.markers.push_back(marker.clone());
                if self.markers.len() > MARKERS_MAX {
                    self.markers.pop_front();
                }
            }
            _ => {}
        }
    }
}

/// What the notices change. One that was told before changes nothing, and neither does the end of one that never was.
pub(crate) fn receive(state: &State, notices: &[Notice], ctx: &Context<'_>) -> Vec<Body> {
    let mut bodies = Vec::new();
    for (idx, Notice { id, alert, ended_at }) in notices.iter().enumerate() {
        if notices[..idx].iter().any(|it| it.alert.fingerprint == alert.fingerprint) {
            continue;
        }
        let known = state.alerts.known(alert);
        let open = known.filter(|it| it.ended_at.is_none());
        match (open, ended_at) {
            (Some(open), Some(ended_at)) => {
                bodies.push(Body::AlertResolved { id: open.id, ended_at: *ended_at });
            }
            (None, Some(_)) => {}
            (_, None) if known.is_some_and(|it| !it.is_followed_by(alert)) => {}
            (_, None) => {
                let ended_at = alert.starts_at;
                bodies.extend(open.map(|it| Body::AlertResolved { id: it.id, ended_at }));
                let suspects = suspect::before(state, alert);
                bodies.push(Body::AlertFired { id: *id, alert: Box::new(alert.clone()), suspects });
                bodies.extend(trigger::consequences(state, *id, alert, ctx.now));
            }
        }
    }
    without_repeats(bodies)
}

/// Several alerts about one rollout take it back, or halt it, once.
fn without_repeats(bodies: Vec<Body>) -> Vec<Body> {
    let mut kept: Vec<Body> = Vec::with_capacity(bodies.len());
    for body in bodies {
        let is_stop = |it: &Body| matches!(it, Body::RolloutUnwinding { .. } | Body::RolloutHalted { .. });
        let is_known = match &body {
            Body::ScopePaused { scope, .. } => {
                kept.iter().any(|it| matches!(it, Body::ScopePaused { scope: other, .. } if other == scope))
            }
            it if is_stop(it) => kept.iter().any(|other| is_stop(other) && other.rollout() == it.rollout()),
            _ => false,
        };
        if !is_known {
            kept.push(body);
        }
    }
    kept
}

/// The declared service that the alert names.
pub fn service_of(state: &State, alert: &Alert) -> Option<Name> {
    let named = SERVICE_LABELS.iter().filter_map(|it| alert.labels.get(*it)?.parse::<Name>().ok());
    named.into_iter().find(|it| state.catalogue.service(it).is_some())
}

/// The environment that the alert names.
pub fn environment_of(state: &State, alert: &Alert) -> Option<Name> {
    let named = ENVIRONMENT_LABELS.iter().filter_map(|it| alert.labels.get(*it)?.parse::<Name>().ok());
    named.into_iter().find(|it| state.catalogue.environment(it).is_some())
}
