//! Who has booked an environment, now and for later: a part of several pages.

use shipway_engine::State;
use shipway_model::Name;
use shipway_model::resource::{Booking, Kind, Spec};

use super::moment::{Clock, Moment};
use super::words::{Badge, Tone};

pub(super) struct Booked {
    pub(super) badge: Badge,
    pub(super) name: String,
    pub(super) team: String,
    /// What of the environment; all of it when empty.
    pub(super) services: String,
    pub(super) from: Moment,
    pub(super) until: Moment,
    pub(super) reason: String,
    pub(super) priority: u8,
}

/// Those that are not over, by their beginning.
pub(super) fn of<'a>(state: &'a State, place: &'a Name, clock: &Clock) -> Vec<(&'a Name, &'a Booking)> {
    let bookings = state.catalogue.of_kind(Kind::Booking).filter_map(|(key, it)| match &it.spec {
        Spec::Booking(booking) => Some((&key.name, booking)),
        _ => None,
    });
    let mut found: Vec<(&Name, &Booking)> =
        bookings.filter(|(_, it)| it.environment == *place && it.until > clock.now).collect();
    found.sort_by_key(|(_, it)| (it.from, it.until));
    found
}

/// As people read it.
pub(super) fn told(name: &Name, it: &Booking, clock: &Clock) -> Booked {
    let services: Vec<&str> = it.services.iter().map(Name::as_str).collect();
    Booked {
        badge: if it.from <= clock.now { Tone::Busy.badge("now") } else { Tone::Idle.badge("later") },
        name: name.to_string(),
        team: it.team.to_string(),
        services: services.join(", "),
        from: clock.moment(it.from),
        until: clock.moment(it.until),
        reason: it.reason.clone(),
        priority: it.priority,
    }
}
