//! Alerts from outside, the newest first; and an alert as a line, which other pages show too.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_engine::State;
use shipway_engine::alert::{Received, environment_of, service_of};
use shipway_model::AlertId;

use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::visit::{Asked, Shown, Visit};
use super::words::{Badge, Tone, badge, brief};
use crate::access::sight::Sight;

/// Alerts on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "alerts.html")]
struct Alerts {
    alerts: Vec<Told>,
    firing: bool,
    /// Where the list goes on.
    next: Option<AlertId>,
    is_first: bool,
    is_any: bool,
}

/// One alert in a list.
pub(super) struct Told {
    pub(super) id: AlertId,
    pub(super) badge: Badge,
    pub(super) name: String,
    /// The service and the environment of which it tells, as far as it names them.
    pub(super) about: String,
    /// The environment alone.
    pub(super) place: String,
    pub(super) summary: String,
    pub(super) at: Moment,
    pub(super) ended: Option<Moment>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    /// Only those that have not ended.
    firing: Option<bool>,
    before: Option<AlertId>,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), &asked, &visit.clock);
        Shown { title: "Alerts".into(), area: Area::Aside, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: &Filter, clock: &Clock) -> Alerts {
    let firing = asked.firing.unwrap_or(false);
    let wanted = |it: &&Received| {
        asked.before.is_none_or(|before| it.id < before)
            && (!firing || it.ended_at.is_none())
            && sight.alert(it.id)
    };
    let mut found = state.alerts.iter().rev().filter(wanted);
    let alerts: Vec<Told> = found.by_ref().take(PAGE).map(|it| told(state, it, clock)).collect();
    let next = found.next().and_then(|_| alerts.last()).map(|it| it.id);
    Alerts {
        next,
        alerts,
        firing,
        is_first: asked.before.is_none(),
        is_any: state.alerts.iter().next().is_some(),
    }
}

pub(super) fn told(state: &State, it: &Received, clock: &Clock) -> Told {
    let annotation = |name: &str| it.alert.annotations.get(name);
    let summary = annotation("summary").or_else(|| annotation("description"));
    Told {
        id: it.id,
        badge: of_alert(it),
        name: it.alert.name.clone(),
        about: about(state, it),
        place: environment_of(state, &it.alert).map(|it| it.to_string()).unwrap_or_default(),
        summary: summary.map(|it| brief(it)).unwrap_or_default(),
        at: clock.moment(it.alert.starts_at),
        ended: it.ended_at.map(|at| clock.moment(at)),
    }
}

pub(super) const fn of_alert(it: &Received) -> Badge {
    match it.ended_at {
        None => badge(Tone::Bad, "▲", "firing"),
        Some(_) => Tone::Idle.badge("ended"),
    }
}

/// `checkout in production`; empty when it names neither.
pub(super) fn about(state: &State, it: &Received) -> String {
    let (service, place) = (service_of(state, &it.alert), environment_of(state, &it.alert));
    match (service, place) {
        (Some(service), Some(place)) => format!("{service} in {place}"),
        (Some(service), None) => service.to_string(),
        (None, Some(place)) => place.to_string(),
        (None, None) => String::new(),
    }
}
