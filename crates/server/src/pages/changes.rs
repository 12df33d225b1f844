//! Changes, the newest first: those that wait for somebody's word, and what became of the others.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_engine::change::{self, Requirement};
use shipway_engine::{Case, State, Summary, review};
use shipway_model::ChangeId;
use shipway_model::event::End;

use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::visit::{Asked, Shown, Visit};
use super::words::{Badge, Tone, badge};
use crate::access::sight::Sight;

const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "changes.html")]
struct Changes {
    rows: Vec<Row>,
    /// Where the list goes on.
    next: Option<ChangeId>,
    environments: Vec<String>,
    environment: String,
    open: bool,
    is_first: bool,
    is_any: bool,
}

/// A change in a list.
struct Row {
    id: ChangeId,
    badge: Badge,
    what: String,
    class: &'static str,
    risk: u32,
    by: String,
    opened: Moment,
    waits: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    environment: String,
    /// Only those that have not begun.
    open: Option<bool>,
    before: Option<ChangeId>,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked, &visit.clock);
        Shown { title: "Changes".into(), area: Area::Changes, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter, clock: &Clock) -> Changes {
    let open = asked.open.unwrap_or(false);
    let summary = |it: &Case| state.rollouts.summaries.get(&it.change.rollout);
    let wanted = |it: &&Case| {
        let Some(summary) = summary(it) else { return false };
        let here = asked.environment.is_empty()
            || summary.environment.as_str() == asked.environment
            || it.change.protected.as_str() == asked.environment;
        let older = asked.before.is_none_or(|before| it.id < before);
        here && older && (!open || is_open(summary)) && sight.change(it.id)
    };
    let mut found = state.changes.iter().rev().filter(wanted);
    let rows: Vec<Row> =
        found.by_ref().take(PAGE).filter_map(|it| Some(row(state, it, summary(it)?, clock))).collect();
    let next = found.next().and_then(|_| rows.last()).map(|it| it.id);
    Changes {
        next,
        rows,
        environments: sight.environments(state).map(ToString::to_string).collect(),
        environment: asked.environment,
        open,
        is_first: asked.before.is_none(),
        is_any: state.changes.iter().next().is_some(),
    }
}

/// Whether it has not begun, and still may.
pub(super) const fn is_open(summary: &Summary) -> bool {
    summary.started.is_none() && summary.ended.is_none()
}

fn row(state: &State, case: &Case, summary: &Summary, clock: &Clock) -> Row {
    let against = match is_open(summary) {
        true => change::standing(state, case, clock.now).against,
        false => Vec::new(),
    };
    Row {
        id: case.id,
        badge: stands(state, case, summary, &against),
        what: title(summary),
        class: case.change.class.as_str(),
        risk: case.change.risk.score,
        by: case.requested_by.clone(),
        opened: clock.moment(case.opened),
        waits: against,
    }
}

pub(super) fn title(summary: &Summary) -> String {
    format!("{} {} → {}", summary.release.name, summary.release.version, summary.environment)
}

/// Where it stands, in a word.
pub(super) fn stands(state: &State, case: &Case, summary: &Summary, against: &[String]) -> Badge {
    match (&summary.end, summary.started) {
        _ if review::debt(state, case).is_some() => badge(Tone::Hold, "!", "owes a review"),
        (Some(End::Succeeded { .. }), _) => Tone::Good.badge("done"),
        (Some(End::RolledBack {}), _) => Tone::Undo.badge("taken back"),
        (Some(End::Aborted { .. } | End::Cancelled { .. }), _) => Tone::Idle.badge("ended"),
        (None, Some(_)) => Tone::Busy.badge("under way"),
        (None, None) if against.is_empty() => Tone::Good.badge("approved"),
        (None, None) => Tone::Hold.badge("waits"),
    }
}

/// Whether the person's word, for themselves or for somebody who lets them speak, is what the rule still misses.
pub(super) fn misses(state: &State, requirement: &Requirement, person: &str, clock: &Clock) -> bool {
    let own = |it: &String| state.access.is_same_person(it, person);
    let lent = |it: &String| state.delegations.seats_of(person, clock.now).any(|seat| seat == it);
    !requirement.is_satisfied() && requirement.can.iter().any(|it| own(it) || lent(it))
}
