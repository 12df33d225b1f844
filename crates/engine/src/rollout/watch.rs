//! After the end: the steps of a plan that watch what it has left, and what follows from what they see.
//!
//! A watch ends by its time, by harm that is acted upon, or when a newer rollout begins to ship the same service.

use jiff::{SignedDuration, Timestamp};
use shipway_model::analysis::Decision;
use shipway_model::effect::{Direction, Outcome};
use shipway_model::event::{Body, Cause, Scope};
use shipway_model::plan::{Action, Step};
use shipway_model::resource::strategy::{OnHarm, Watch};
use shipway_model::{Millis, Name};

use super::{Progress, Rollout, follow};
use crate::State;

pub(super) fn after_the_end(state: &State, rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    if !rollout.is_to_be_watched() {
        return Vec::new();
    }
    let events = follow::under_way(rollout, now);
    if !events.is_empty() {
        return events;
    }
    let events: Vec<Body> = watches(rollout).filter_map(|it| superseded(state, rollout, &it)).collect();
    if !events.is_empty() {
        return events;
    }
    if let Some(event) = broken(state, rollout, now) {
        return vec![event];
    }
    if let Some(events) = watches(rollout).find_map(|it| failed(state, rollout, &it)) {
        return events;
    }
    let start = |it: Watched<'_>| {
        let attempt = follow::startable(rollout, it.step, now)?;
        Some(follow::started(state, rollout, it.step.id, &it.step.action, Direction::Do, attempt))
    };
    watches(rollout).filter_map(start).collect()
}

/// A step that watches, and has not settled.
struct Watched<'r> {
    step: &'r Step,
    service: &'r Name,
    rule: &'r Watch,
    progress: &'r Progress,
}

fn watches(rollout: &Rollout) -> impl Iterator<Item = Watched<'_>> {
    rollout.plan.steps.iter().filter_map(|step| {
        let Action::Watch { service, rule, .. } = &step.action else { return None };
        let progress = &rollout.step(step.id)?.forward;
        (!progress.is_settled()).then_some(Watched { step, service, rule, progress })
    })
}

fn superseded(state: &State, rollout: &Rollout, it: &Watched<'_>) -> Option<Body> {
    let newer = stands_no_more(state, rollout, it.service)?;
    let (id, step, direction) = (rollout.id, it.step.id, Direction::Do);
    Some(Body::StepSkipped { id, step, direction, reason: format!("the watch ended: {newer}") })
}

/// Why the service is no longer as this rollout has left it.
fn stands_no_more(state: &State, rollout: &Rollout, service: &Name) -> Option<String> {
    let environment = state.environments.get(&rollout.plan.environment)?;
    let ships = |it: &&&Rollout| {
        it.plan.services.iter().any(|it| it.service == *service && it.strategy != "unchanged")
    };
    let running: Vec<&Rollout> =
        environment.running.iter().filter_map(|id| state.rollouts.live.get(id)).collect();
    if let Some(newer) = running.iter().find(ships) {
        return Some(format!("rollout {} ships {service}", newer.id));
    }
    let shipped = environment.services.get(service);
    let planned = rollout.plan.service(service)?;
    (shipped.is_none_or(|it| it.deployed != planned.to)).then(|| format!("{service} was shipped again"))
}

/// Within the window of a watch, an instance that fails and a target that is lost take it back as they do before.
fn broken(state: &State, rollout: &Rollout, now: Timestamp) -> Option<Body> {
    let ended = rollout.ended?;
    let is_open = |it: Watched<'_>| now <= after(ended, it.rule.window);
    if !watches(rollout).any(is_open) {
        return None;
    }
    let found = follow::instance_failed(state, rollout).or_else(|| follow::target_lost(state, rollout))?;
    // Nothing that has ended can be halted; whoever looks sees the instance.
    matches!(found, Body::RolloutUnwinding { .. } if taken_back_by(state, rollout).is_ok()).then_some(found)
}

/// What an alert about the service does within the window of its watch.
pub(crate) fn alerted(
    state: &State,
    rollout: &Rollout,
    service: &Name,
    action: OnHarm,
    cause: &Cause,
    now: Timestamp,
) -> Vec<Body> {
    let (Some(ended), Cause::AlertFired { reason, .. }) = (rollout.ended, cause) else { return Vec::new() };
    let is_open = |it: Watched<'_>| it.service == service && now <= after(ended, it.rule.window);
    if !watches(rollout).any(is_open) {
        return Vec::new();
    }
    let hold = |reason: String| match state.pauses.holding_service(service) {
        // One who has paused it already has a reason of their own.
        Some(_) => Vec::new(),
        None => vec![Body::ScopePaused { scope: Scope::Service(service.clone()), reason }],
    };
    match (action, taken_back_by(state, rollout)) {
        (OnHarm::Tell, _) => Vec::new(),
        (OnHarm::Hold, _) => hold(reason.clone()),
        (OnHarm::Rollback, Ok(())) => vec![Body::RolloutUnwinding { id: rollout.id, cause: cause.clone() }],
        (OnHarm::Rollback, Err(why)) => hold(format!("{reason}; it cannot be taken back: {why}")),
    }
}

/// What is decided about a watch that has failed.
fn failed(state: &State, rollout: &Rollout, it: &Watched<'_>) -> Option<Vec<Body>> {
    let Progress::Failed { attempt, reason, retryable, at } = it.progress else { return None };
    let (id, step) = (rollout.id, it.step.id);
    if *retryable && *attempt <= it.step.retries {
        let not_before = after(*at, follow::back_off(*attempt));
        return Some(vec![Body::StepRetried { id, step, direction: Direction::Do, not_before }]);
    }
    let hold = |reason: String| {
        let scope = Scope::Service(it.service.clone());
        let mut bodies = vec![Body::StepTolerated { id, step }];
        // One who has paused it already has a reason of their own.
        if state.pauses.holding_service(it.service).is_none() {
            bodies.push(Body::ScopePaused { scope, reason });
        }
        Some(bodies)
    };
    match action(rollout, it) {
        OnHarm::Tell => Some(vec![Body::StepTolerated { id, step }]),
        OnHarm::Hold => hold(reason.clone()),
        OnHarm::Rollback => match taken_back_by(state, rollout) {
            Ok(()) => {
                let cause = Cause::StepFailed { step, reason: reason.clone() };
                Some(vec![Body::RolloutUnwinding { id, cause }])
            }
            Err(why) => hold(format!("{reason}; it cannot be taken back: {why}")),
        },
    }
}

/// What harm does that was found so long after the end; what is no harm is only told.
fn action(rollout: &Rollout, it: &Watched<'_>) -> OnHarm {
    match rollout.step(it.step.id).and_then(|it| it.result.as_deref()) {
        Some(Outcome::Failed { verdict: Some(verdict), .. }) if verdict.decision == Decision::Harmful => {
            it.rule.action_at(verdict.decided_at)
        }
        Some(Outcome::Failed { verdict: Some(verdict), .. }) if verdict.decision == Decision::NoVerdict => {
            OnHarm::Hold
        }
        _ => OnHarm::Tell,
    }
}

/// Whether the whole rollout can be taken back still.
fn taken_back_by(state: &State, rollout: &Rollout) -> Result<(), String> {
    if let Some(step) = rollout.passed_no_return() {
        return Err(format!("step {step} is a point of no return"));
    }
    let shipped = rollout.plan.services.iter().filter(|it| it.strategy != "unchanged");
    shipped.filter_map(|it| stands_no_more(state, rollout, &it.service)).next().map_or(Ok(()), Err)
}

fn after(since: Timestamp, duration: Millis) -> Timestamp {
    since.checked_add(SignedDuration::from_millis(duration.0.cast_signed())).unwrap_or(Timestamp::MAX)
}
