//! The way forward: timeouts, failures, skips, starts, and the end.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::analysis::Decision;
use shipway_model::effect::{Direction, Outcome, Success};
use shipway_model::event::{AGENT_LOST_AFTER, Body, Cause, End};
use shipway_model::plan::{Action, Step, StepId};
use shipway_model::resource::pipeline::OnFailure;
use shipway_model::resource::strategy::{OnHarm, OnUndecided};
use shipway_model::{Millis, Name};

use super::{Phase, Progress, Rollout, closing, gates};
use crate::State;
use crate::environment::Status;

pub(super) fn forward(state: &State, rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    let events = under_way(rollout, now);
    if !events.is_empty() {
        return events;
    }
    if let Some(events) = rollout.plan.steps.iter().find_map(|step| failed(rollout, step)) {
        return events;
    }
    if let Some(event) = instance_failed(state, rollout).or_else(|| target_lost(state, rollout)) {
        return vec![event];
    }
    let reopened = gates::reopen(rollout, now);
    if !reopened.is_empty() {
        return reopened;
    }
    let skips = skips(rollout);
    if !skips.is_empty() {
        return skips;
    }
    let is_done = |step: &Step| {
        step.action.is_watch() || rollout.step(step.id).is_some_and(|it| it.forward.is_settled())
    };
    if rollout.plan.steps.iter().all(is_done) {
        let targets: BTreeSet<_> = rollout.tolerated().map(|it| it.action.target()).collect();
        let failed_targets = u32::try_from(targets.len()).unwrap_or(u32::MAX);
        return vec![Body::RolloutEnded { id: rollout.id, end: End::Succeeded { failed_targets } }];
    }
    if let Some(unwinding) = closing::wants_back(state, rollout, now) {
        return vec![unwinding];
    }
    starts(state, rollout, now)
}

/// Steps under way whose time has come, in the direction in which the rollout walks.
pub(super) fn under_way(rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    let direction = rollout.direction();
    let mut events = Vec::new();
    for step in &rollout.plan.steps {
        let Some(action) = super::action(rollout, step.id, direction) else { continue };
        let Some(state) = rollout.step(step.id) else { continue };
        let Progress::Running { attempt, since } = state.progress(direction) else { continue };
        let Some((at, outcome)) = due(step, action, *since) else { continue };
        if at <= now {
            let (id, step, attempt) = (rollout.id, step.id, *attempt);
            events.push(Body::StepEnded { id, step, direction, attempt, outcome });
        }
    }
    events
}

/// When and how a running step ends by the clock alone.
fn due(step: &Step, action: &Action, since: Timestamp) -> Option<(Timestamp, Outcome)> {
    match action {
        Action::Wait { duration } | Action::Bake { duration, requests: 0, .. } => {
            let summary = format!("{duration} have passed");
            Some((after(since, *duration), Outcome::Succeeded { result: Success::Completed { summary } }))
        }
        Action::Pause {} | Action::Approval { .. } => None,
        Action::Gates { .. } => {
            let reason = format!("the gates did not pass within {}", step.timeout);
            Some((after(since, step.timeout), Outcome::Failed { reason, retryable: false, verdict: None }))
        }
        _ => {
            let who =
                action.target().map_or("the control plane".to_owned(), |it| format!("the agent of {it}"));
            let reason = format!("not done within {}: no answer from {who}", step.timeout);
            Some((after(since, step.timeout), Outcome::Failed { reason, retryable: true, verdict: None }))
        }
    }
}

fn after(since: Timestamp, duration: Millis) -> Timestamp {
    since.checked_add(SignedDuration::from_millis(duration.0.cast_signed())).unwrap_or(Timestamp::MAX)
}

/// What is decided about a step that has failed.
fn failed(rollout: &Rollout, step: &Step) -> Option<Vec<Body>> {
    let Progress::Failed { attempt, reason, retryable, at } = &rollout.step(step.id)?.forward else {
        return None;
    };
    let id = rollout.id;
    if *retryable && *attempt <= step.retries {
        let not_before = after(*at, back_off(*attempt));
        return Some(vec![Body::StepRetried { id, step: step.id, direction: Direction::Do, not_before }]);
    }
    if step.tolerates > 0 && tolerated_targets(rollout, step.action.service()) < step.tolerates {
        return Some(vec![Body::StepTolerated { id, step: step.id }]);
    }
    let halt = |reason: String| Some(vec![Body::RolloutHalted { id, step: step.id, reason }]);
    if asks_a_person(rollout, step) {
        return halt(reason.clone());
    }
    match step.on_failure {
        OnFailure::Continue => Some(vec![Body::StepTolerated { id, step: step.id }]),
        OnFailure::Halt => halt(reason.clone()),
        OnFailure::Rollback => match rollout.passed_no_return() {
            Some(passed) => {
                halt(format!("{reason}; step {passed} is a point of no return, so it cannot be taken back"))
            }
            None => {
                let cause = Cause::StepFailed { step: step.id, reason: reason.clone() };
                Some(vec![Body::RolloutUnwinding { id, cause }])
            }
        },
    }
}

/// A judge that could not tell asks a person, unless the strategy says otherwise. Missing data always asks, and harm does
/// where the strategy says so.
fn asks_a_person(rollout: &Rollout, step: &Step) -> bool {
    let Action::Analyse { rule, .. } = &step.action else { return false };
    let result = rollout.step(step.id).and_then(|it| it.result.as_deref());
    let Some(Outcome::Failed { verdict: Some(verdict), .. }) = result else { return false };
    match verdict.decision {
        Decision::Harmful => rule.on_harm != OnHarm::Rollback,
        Decision::NoVerdict => true,
        Decision::Undecided | Decision::Healthy => rule.on_undecided != OnUndecided::Rollback,
    }
}

fn tolerated_targets(rollout: &Rollout, service: Option<&Name>) -> u32 {
    let targets: BTreeSet<_> = rollout
        .tolerated()
        .filter(|it| it.action.service() == service)
        .map(|it| it.action.target())
        .collect();
    u32::try_from(targets.len()).unwrap_or(u32::MAX)
}

/// One second, doubled with every attempt, at most a minute.
pub(super) fn back_off(attempt: u32) -> Millis {
    Millis(1000_u64.saturating_mul(1 << attempt.saturating_sub(1).min(6)).min(60_000))
}

/// New instances that were healthy and no longer are, beyond what the strategy tolerates. That an instance of a fresh control
/// fails is not on account of the new version: its silence is for the judge to notice.
pub(super) fn instance_failed(state: &State, rollout: &Rollout) -> Option<Body> {
    let environment = state.environments.get(&rollout.plan.environment)?;
    let mut failed: Vec<(&Step, String)> = Vec::new();
    for step in &rollout.plan.steps {
        let Action::Place { instance, .. } = &step.action else { continue };
        if instance.version.is_control() {
            continue;
        }
        if rollout.step(step.id)?.forward != Progress::Succeeded || step.on_failure != OnFailure::Rollback {
            continue;
        }
        if let Some(Status::Unhealthy { detail, .. }) =
            environment.instances.get(instance).map(|it| &it.status)
        {
            failed.push((step, detail.clone()));
        }
    }
    let (step, detail) = failed.iter().find(|(step, _)| {
        let of_service = |it: &&(&Step, String)| it.0.action.service() == step.action.service();
        let n_failed = u32::try_from(failed.iter().filter(of_service).count()).unwrap_or(u32::MAX);
        n_failed + tolerated_targets(rollout, step.action.service()) > step.tolerates
    })?;
    let Action::Place { instance, .. } = &step.action else { return None };
    if let Some(passed) = rollout.passed_no_return() {
        let reason = format!(
            "{instance} failed: {detail}; step {passed} is a point of no return, so it cannot be taken back"
        );
        return Some(Body::RolloutHalted { id: rollout.id, step: step.id, reason });
    }
    let cause = Cause::InstanceFailed { instance: instance.clone(), reason: detail.clone() };
    Some(Body::RolloutUnwinding { id: rollout.id, cause })
}

/// A target that has a new version and whose agent is lost, where the environment wants more than to be told.
pub(super) fn target_lost(state: &State, rollout: &Rollout) -> Option<Body> {
    let action = rollout.plan.on_target_lost.filter(|it| *it != OnHarm::Tell)?;
    let (step, target) = rollout.plan.steps.iter().find_map(|step| {
        let Action::Place { instance, .. } = &step.action else { return None };
        let stands = rollout.step(step.id).is_some_and(|it| it.forward == Progress::Succeeded);
        (stands && state.agents.lost_since(&instance.target).is_some()).then_some((step, &instance.target))
    })?;
    let reason = format!("the agent of {target} has not been heard of for {AGENT_LOST_AFTER}");
    let halt = |reason| Some(Body::RolloutHalted { id: rollout.id, step: step.id, reason });
    match (action, rollout.passed_no_return()) {
        (OnHarm::Rollback, None) => {
            let cause = Cause::TargetLost { target: target.clone(), reason };
            Some(Body::RolloutUnwinding { id: rollout.id, cause })
        }
        (OnHarm::Rollback, Some(passed)) => {
            halt(format!("{reason}; step {passed} is a point of no return, so it cannot be taken back"))
        }
        (OnHarm::Hold | OnHarm::Tell, _) => halt(reason),
    }
}

/// Steps on a target that was given up on have nothing to do any more.
fn skips(rollout: &Rollout) -> Vec<Body> {
    let mut events = Vec::new();
    for step in &rollout.plan.steps {
        let Some(target) = step.action.target() else { continue };
        if rollout.step(step.id).is_none_or(|it| it.forward != Progress::Pending) {
            continue;
        }
        let was_given_up = |needed: &&Step| {
            let progress = rollout.step(needed.id).map(|it| &it.forward);
            matches!(progress, Some(Progress::Tolerated { .. } | Progress::Skipped { .. }))
        };
        let needed = step.after.iter().filter_map(|id| rollout.plan.step(*id)).filter(|needed| {
            needed.action.target() == Some(target) && needed.action.service() == step.action.service()
        });
        // A check of what never came up lies behind steps of other targets.
        let placed = rollout.plan.steps.iter().filter(|it| match (&it.action, &step.action) {
            (Action::Place { instance, .. }, Action::Verify { instance: verified }) => instance == verified,
            _ => false,
        });
        let given_up = needed.chain(placed).find(was_given_up);
        if let Some(needed) = given_up {
            let reason = format!("step {} was given up on {target}", needed.id);
            let (id, step, direction) = (rollout.id, step.id, Direction::Do);
            events.push(Body::StepSkipped { id, step, direction, reason });
        }
    }
    events
}

fn starts(state: &State, rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    let is_held = state.pauses.holding_environment(&rollout.plan.environment).is_some();
    // Pauses keep things from being shipped; a fallback may be why somebody paused them.
    let heeds_pauses = rollout.plan.fallback.is_none();
    if rollout.paused.is_some() || (is_held && heeds_pauses) {
        return Vec::new();
    }
    let mut room = state.catalogue.concurrency(&rollout.plan.environment).steps as usize;
    room = room.saturating_sub(steps_under_way(state, &rollout.plan.environment));
    let mut taken: BTreeSet<&Name> = BTreeSet::new();
    let mut events = Vec::new();
    let gated = gates::held(rollout);
    let mut gate = closing::Gate::forward(state, rollout, now);
    for step in &rollout.plan.steps {
        if room == 0 {
            break;
        }
        let Some(attempt) = startable(rollout, step, now).filter(|_| !gated.contains(&step.id)) else {
            continue;
        };
        if !gate.lets_through(step, &step.action) {
            continue;
        }
        let held = heeds_pauses
            && step.action.service().is_some_and(|it| state.pauses.holding_service(it).is_some());
        let locked = |lock: &Name| taken.contains(lock) || lock_holder(state, lock).is_some();
        if held || step.locks.iter().any(locked) {
            continue;
        }
        taken.extend(&step.locks);
        room -= 1;
        events.push(started(state, rollout, step.id, &step.action, Direction::Do, attempt));
    }
    // Without room not every step was asked for, so nothing is known of those that were not.
    events.extend(gate.event().filter(|_| room > 0));
    events
}

pub(super) fn started(
    state: &State,
    rollout: &Rollout,
    step: StepId,
    action: &Action,
    direction: Direction,
    attempt: u32,
) -> Body {
    let route_revision = match action {
        Action::Route { service, .. } => {
            let environment = state.environments.get(&rollout.plan.environment);
            Some(environment.map_or(1, |it| it.next_route_revision(service)))
        }
        _ => None,
    };
    Body::StepStarted { id: rollout.id, step, direction, attempt, route_revision }
}

/// The attempt that may start now; None when the step has to wait or is done.
pub(super) fn startable(rollout: &Rollout, step: &Step, now: Timestamp) -> Option<u32> {
    // A watch begins after the end.
    if step.action.is_watch() != rollout.has_ended() {
        return None;
    }
    match &rollout.step(step.id)?.forward {
        Progress::Pending => {
            let settled = |id: &StepId| rollout.step(*id).is_some_and(|it| it.forward.is_settled());
            step.after.iter().all(settled).then_some(1)
        }
        Progress::Retrying { attempt, not_before, .. } => (*not_before <= now).then_some(*attempt),
        _ => None,
    }
}

fn steps_under_way(state: &State, environment: &Name) -> usize {
    let running = state.environments.get(environment).into_iter().flat_map(|it| &it.running);
    let steps = running.filter_map(|id| state.rollouts.live.get(id)).flat_map(|it| &it.steps);
    steps.filter(|it| matches!(it.forward, Progress::Running { .. })).count()
}

/// The rollout and step that hold a lock now.
pub(super) fn lock_holder(state: &State, lock: &Name) -> Option<(shipway_model::RolloutId, StepId)> {
    state.rollouts.locking().find_map(|rollout| {
        let holds = |step: &&Step| {
            step.locks.contains(lock)
                && rollout.step(step.id).is_some_and(|it| {
                    matches!(it.forward, Progress::Running { .. })
                        || matches!(it.back, Progress::Running { .. })
                })
        };
        Some((rollout.id, rollout.plan.steps.iter().find(holds)?.id))
    })
}

/// An aborted rollout ends as soon as nothing in the world is under way.
pub(super) fn aborting(rollout: &Rollout, reason: &str, now: Timestamp) -> Vec<Body> {
    let events = under_way(rollout, now);
    if !events.is_empty() {
        return events;
    }
    let direction = rollout.direction();
    let busy = rollout.plan.steps.iter().any(|step| {
        let in_world = super::action(rollout, step.id, direction)
            .is_some_and(|it| it.target().is_some() || matches!(it, Action::Route { .. }));
        in_world
            && rollout
                .step(step.id)
                .is_some_and(|it| matches!(it.progress(direction), Progress::Running { .. }))
    });
    if busy {
        return Vec::new();
    }
    vec![Body::RolloutEnded { id: rollout.id, end: End::Aborted { reason: reason.to_owned() } }]
}

/// When the clock alone makes something of this rollout due, after `now`.
pub(super) fn wake(rollout: &Rollout, now: Timestamp) -> Option<Timestamp> {
    if rollout.phase == Phase::Queued || (rollout.has_ended() && !rollout.is_to_be_watched()) {
        return None;
    }
    let direction = rollout.direction();
    let of_step = |step: &Step| match rollout.step(step.id)?.progress(direction) {
        Progress::Running { since, .. } => {
            Some(due(step, super::action(rollout, step.id, direction)?, *since)?.0)
        }
        Progress::Retrying { not_before, .. } => Some(*not_before),
        _ => None,
    };
    // What was due before and has not begun is held by a pause, a lock or a limit, or waits for a person: whatever ends
    // that looks again, and the clock would look for ever.
    rollout.plan.steps.iter().filter_map(of_step).chain(gates::wake(rollout)).filter(|at| *at > now).min()
}
