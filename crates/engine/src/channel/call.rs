//! Calls: what people are told of rollouts that stand still or are taken back, and who is on call for what they ship.
//!
//! A call in the night is for what still stands: what waits to be told of a halt or a hold is let go of once that is over.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::event::{Body, Event};
use shipway_model::resource::channel::Occasion;
use shipway_model::{Name, RolloutId};

use super::{Channels, Message, Notice};
use crate::change::owner;
use crate::rollout::closing;
use crate::{Phase, Rollout, State, source};

/// What people are called for. A rollout that has not begun is in nobody's way: that it waits is no news.
pub(super) fn occasion(state: &State, event: &Event) -> Option<Occasion> {
    match &event.body {
        Body::RolloutHalted { .. } => Some(Occasion::Halt),
        Body::RolloutPaused { id, .. } | Body::RolloutHeld { id, .. } => {
            let rollout = state.rollouts.live.get(id)?;
            // The calendar says again why it is closed whenever the reason changes: that is the same hold.
            (rollout.started.is_some() && holds_since(rollout, event.at)).then_some(Occasion::Hold)
        }
        _ => None,
    }
}

/// Lets go of what waits about a rollout that no longer stands as it did when the notice came up.
pub(super) fn forget(state: &mut State, event: &Event) {
    let Some(id) = event.body.rollout() else { return };
    let State { channels: Channels { by_name }, rollouts, .. } = state;
    let rollout = rollouts.live.get(&id);
    for told in by_name.values_mut() {
        told.waiting.retain(|_, it| it.body.rollout() != Some(id) || stands(it, rollout));
    }
}

fn stands(notice: &Notice, rollout: Option<&Rollout>) -> bool {
    match notice.occasion {
        Occasion::Halt => {
            rollout.is_some_and(|it| matches!(it.phase, Phase::Halted { since, .. } if since == notice.at))
        }
        Occasion::Hold => rollout.is_some_and(|it| holds_since(it, notice.at)),
        _ => true,
    }
}

/// Whether it was paused, or held by the calendar, then and is so still.
fn holds_since(rollout: &Rollout, at: Timestamp) -> bool {
    rollout.paused.as_ref().is_some_and(|it| it.since == at)
        || rollout.held.as_ref().is_some_and(|it| it.since == at)
}

/// Says what became of the rollout, whose services it ships and who is on call for them.
pub(super) fn of_rollout(state: &State, body: &Body, now: Timestamp, message: &mut Message) {
    let Some(id) = body.rollout() else { return };
    message.about.insert("rollout", id.to_string());
    let Some(summary) = state.rollouts.summaries.get(&id) else { return };
    let environment = &summary.environment;
    let release = format!("{}@{}", summary.release.name, summary.release.version);
    message.about.extend([("release", release.clone()), ("environment", environment.to_string())]);
    let rollout = state.rollouts.live.get(&id);
    message.people = rollout.map(|it| on_call(state, it, now)).unwrap_or_default();
    message.text = match body {
        Body::RolloutUnwinding { cause, .. } => {
            format!("{release} is taken back in {environment}: {}", cause.reason())
        }
        Body::RolloutHalted { step, reason, .. } => {
            message.about.insert("step", step.to_string());
            format!("{release} has halted in {environment} at step {step}: {reason}")
        }
        Body::RolloutPaused { reason, .. } if reason.is_empty() => {
            format!("{release} was paused in {environment}")
        }
        Body::RolloutPaused { reason, .. } => format!("{release} was paused in {environment}: {reason}"),
        Body::RolloutHeld { reason, next, .. } => {
            let until = next.map(|it| format!("; it may go on at {it}")).unwrap_or_default();
            format!("{release} is held in {environment}: {reason}{until}")
        }
        _ => return,
    };
    if matches!(body, Body::RolloutUnwinding { .. }) {
        if let Some(release) = state.releases.get(summary.release.id) {
            message.teams = source::consumers(state, &release.bundle, &release.library_uses);
        }
        if !message.teams.is_empty() {
            let teams: Vec<&str> = message.teams.keys().map(Name::as_str).collect();
            message.text += &format!("; services of {} depend on it", teams.join(", "));
        }
    } else {
        message.teams = rollout.map(|it| owners(state, it)).unwrap_or_default();
        message.text += &next(id, &message.people);
    }
}

/// Who answers, and where to look.
fn next(id: RolloutId, people: &BTreeSet<String>) -> String {
    let names: Vec<&str> = people.iter().map(String::as_str).collect();
    let who = match names[..] {
        [] => "nobody is on call for it".to_owned(),
        [one] => format!("{one} is on call"),
        _ => format!("{} are on call", names.join(", ")),
    };
    format!("; {who}: shipway rollout show {id}")
}

/// Whoever the calendars name for what it ships.
fn on_call(state: &State, rollout: &Rollout, now: Timestamp) -> BTreeSet<String> {
    let subjects = closing::subjects(state, &rollout.plan, rollout.direction());
    state.calendars.on_call(&subjects, now).into_iter().flat_map(|it| it.people).collect()
}

/// The Teams of what it ships, with these services.
fn owners(state: &State, rollout: &Rollout) -> BTreeMap<Name, BTreeSet<Name>> {
    let mut owned = BTreeMap::<Name, BTreeSet<Name>>::new();
    for it in &rollout.plan.services {
        if let Some(team) = owner(state, &it.service) {
            owned.entry(team.clone()).or_default().insert(it.service.clone());
        }
    }
    owned
}
