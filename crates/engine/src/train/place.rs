//! With which departure each member goes, as vendors let it: their promises and their own windows move it, with a trace.
//!
//! The release, the risk and the calendar of a member are looked at when it boards. What is worked out here is what people
//! plan by before that: the first departure that no vendor is in the way of.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;
use shipway_model::event::Body;
use shipway_model::resource::calendar::{Purpose, RuleKind};
use shipway_model::resource::train::Train;
use shipway_model::resource::{Kind, Spec};

use super::departures;
use crate::State;
use crate::calendar::later;
use crate::rollout::closing;

/// A window that holds a departure began at most this long before it.
const WINDOW_MAX: SignedDuration = SignedDuration::from_hours(400 * 24);

/// Where a member of a train has its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// None where nothing leaves within a year that it could go with.
    pub departure: Option<Timestamp>,
    /// Why it does not go with the next departure, where it does not.
    pub why: Option<String>,
}

/// With which departure a member goes, as far as vendors have a say.
pub fn place(state: &State, name: &Name, train: &Train, service: &Name, now: Timestamp) -> Place {
    let mut why = None;
    for departure in departures(name, train, now) {
        match promised_later(train, service, departure, now).or_else(|| away(state, service, departure)) {
            None => return Place { departure: Some(departure), why },
            Some(obstacle) => drop(why.get_or_insert(obstacle)),
        }
    }
    Place { departure: None, why }
}

/// A promise that the departure needs, and that its vendor expects to keep only after it.
fn promised_later(train: &Train, service: &Name, departure: Timestamp, now: Timestamp) -> Option<String> {
    let is_open = |kept: Option<Timestamp>| kept.is_none_or(|kept| kept > now);
    let needed = train.promises.iter().filter(|it| it.concerns(service) && it.by <= departure);
    let late = needed.filter(|it| is_open(it.kept)).find(|it| it.due() > departure)?;
    let (what, vendor, by, due) = (&late.name, &late.vendor, late.by, late.due());
    Some(format!("it waits for {what} of vendor {vendor}, promised for {by} and expected at {due}"))
}

/// A vendor on whom the service depends who is away when the train leaves.
pub(super) fn away(state: &State, service: &Name, departure: Timestamp) -> Option<String> {
    let subject = closing::of_service(state, service);
    let from = departure.checked_sub(WINDOW_MAX).unwrap_or(Timestamp::MIN);
    let is_away =
        |purpose: Purpose, kind: RuleKind| purpose == Purpose::Vendor && matches!(kind, RuleKind::Deny);
    let of_vendors = state.calendars.rules().filter(|it| {
        is_away(it.declared.purpose, it.declared.kind) && !subject.vendors.is_empty() && it.covers(&subject)
    });
    of_vendors.into_iter().find_map(|rule| {
        let spans = rule.occurrences(from, later(departure, SignedDuration::from_secs(1))).ok()?;
        let span = spans
            .into_iter()
            .find(|it| it.from.timestamp() <= departure && departure < it.until.timestamp())?;
        let (from, until) = (span.from.timestamp(), span.until.timestamp());
        Some(format!("{} keeps a vendor of it away from {from} until {until}", rule.title()))
    })
}

/// Members that go with another departure than was known before.
pub fn moves(state: &State, now: Timestamp) -> Vec<Body> {
    let trains = state.catalogue.of_kind(Kind::Train).filter_map(|(key, resource)| match &resource.spec {
        Spec::Train(train) => Some((&key.name, train)),
        _ => None,
    });
    trains.flat_map(|(name, train)| of_train(state, name, train, now)).collect()
}

fn of_train(state: &State, name: &Name, train: &Train, now: Timestamp) -> Vec<Body> {
    let Some(next) = departures(name, train, now).into_iter().next() else { return Vec::new() };
    let members: BTreeSet<&Name> = train.services.iter().collect();
    let moved = members.into_iter().filter_map(|service| {
        let place = place(state, name, train, service, now);
        let told = state.trains.place(name, service);
        // A departure that is over moves nobody any more.
        let told = told.filter(|it| it.is_none_or(|it| it >= now));
        let from = told.unwrap_or(Some(next));
        if from == place.departure {
            return None;
        }
        Some(Body::TrainMoved {
            train: name.clone(),
            service: service.clone(),
            from: from.unwrap_or(next),
            to: place.departure,
            reason: place.why.unwrap_or_else(|| "no vendor is in its way any more".to_owned()),
        })
    });
    moved.collect()
}
