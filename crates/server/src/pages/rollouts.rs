//! Rollouts, the newest first; and a rollout as a row, which other pages show too.

use askama::Template;
use axum::response::Response;
use serde::Deserialize;
use shipway_api::view::RolloutSummary;
use shipway_engine::rollout::waiting;
use shipway_engine::{State, Summary};
use shipway_model::RolloutId;

use super::document::{Area, Motion};
use super::moment::{Clock, Moment};
use super::prose::Prose;
use super::visit::{Asked, Shown, Visit};
use super::words::{self, Badge};
use crate::access::sight::Sight;
use crate::views;

/// Rollouts on one page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "rollouts.html")]
struct Rollouts {
    rows: Vec<Row>,
    /// Where the list goes on.
    next: Option<RolloutId>,
    environments: Vec<String>,
    environment: String,
    is_first: bool,
}

/// One rollout in a list.
pub(super) struct Row {
    pub(super) id: String,
    pub(super) release: String,
    pub(super) environment: String,
    pub(super) by: String,
    pub(super) badge: Badge,
    pub(super) progress: Option<Done>,
    pub(super) when: Moment,
    pub(super) length: String,
    /// What it waits for, the reason that holds most.
    pub(super) waiting: Option<Waits>,
}

/// Why something does not go on, and what will let it.
pub(super) struct Waits {
    /// Empty where that is said beside it.
    pub(super) what: String,
    pub(super) why: Prose,
    pub(super) until: Prose,
}

pub(super) struct Done {
    pub(super) done: u32,
    pub(super) total: u32,
}

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Filter {
    environment: String,
    before: Option<RolloutId>,
}

pub(super) async fn page(visit: Visit, Asked(asked): Asked<Filter>) -> Response {
    visit.show_alike(&visit.audience(), || {
        let state = visit.state();
        let content = draw(&state, &visit.sight(&state), asked, &visit.clock);
        Shown { title: "Rollouts".into(), area: Area::Rollouts, motion: Motion::Live, content }
    })
}

fn draw(state: &State, sight: &Sight<'_>, asked: Filter, clock: &Clock) -> Rollouts {
    let wanted = |it: &&Summary| asked.environment.is_empty() || it.environment.as_str() == asked.environment;
    let older = |it: &&Summary| asked.before.is_none_or(|before| it.id < before);
    let all = state.rollouts.summaries.values().rev().filter(older).filter(wanted);
    let mut summaries = all.filter(|it| sight.rollout(it.id));
    let rows: Vec<Row> = summaries.by_ref().take(PAGE).map(|it| row(state, it, clock)).collect();
    Rollouts {
        next: summaries.next().and_then(|_| rows.last()?.id.parse().ok()),
        rows,
        environments: sight.environments(state).map(ToString::to_string).collect(),
        is_first: asked.before.is_none(),
        environment: asked.environment,
    }
}

pub(super) fn row(state: &State, known: &Summary, clock: &Clock) -> Row {
    let summary = views::rollout::summary(state, known);
    let live = state.rollouts.live.get(&known.id).filter(|it| !it.has_ended());
    let waits = live.and_then(|it| waiting::waiting(state, it).into_iter().next());
    let waiting = waits.map(|it| Waits {
        what: String::new(),
        why: clock.prose(&words::brief(&it.why)),
        until: clock.prose(&it.until),
    });
    of_summary(&summary, waiting, clock)
}

fn of_summary(summary: &RolloutSummary, waiting: Option<Waits>, clock: &Clock) -> Row {
    Row {
        id: summary.id.to_string(),
        release: format!("{} {}", summary.release.name, summary.release.version),
        environment: summary.environment.to_string(),
        by: summary.requested_by.clone(),
        badge: words::of_phase(&summary.phase),
        progress: summary
            .progress
            .filter(|_| !summary.phase.is_ended())
            .map(|it| Done { done: it.steps_done, total: it.steps_total }),
        when: clock.moment(summary.queued_at),
        length: clock.length(summary.started_at.unwrap_or(summary.queued_at), summary.ended_at),
        waiting,
    }
}
