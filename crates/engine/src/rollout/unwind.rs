//! The way back: the plan's graph read backwards. A step is taken back when everything that came after it has been.

use jiff::Timestamp;
use shipway_model::effect::Direction;
use shipway_model::event::{Body, End};
use shipway_model::plan::{Action, Step, StepId};

use super::{Progress, Rollout, closing, follow};
use crate::State;

/// After this many failed attempts at one undo, a person is asked.
const UNDO_ATTEMPTS_MAX: u32 = 8;

pub(super) fn back(state: &State, rollout: &Rollout, now: Timestamp) -> Vec<Body> {
    let events = follow::under_way(rollout, now);
    if !events.is_empty() {
        return events;
    }
    if let Some(event) = rollout.plan.steps.iter().find_map(|step| failed(rollout, step)) {
        return vec![event];
    }
    let (settled, ready) = frontier(rollout, now);
    if settled.iter().all(|it| *it) {
        return vec![Body::RolloutEnded { id: rollout.id, end: End::RolledBack {} }];
    }
    if rollout.paused.is_some() {
        return Vec::new();
    }
    let mut gate = closing::Gate::back(state, rollout, now);
    let ready = ready
        .into_iter()
        .filter(|(step, undo, _)| rollout.plan.step(*step).is_some_and(|step| gate.lets_through(step, undo)));
    let ready: Vec<_> = ready.collect();
    let start = |(step, undo, attempt): (StepId, &Action, u32)| {
        if let Some(reason) = so_already(state, rollout, undo) {
            let reason = reason.to_owned();
            return Body::StepSkipped { id: rollout.id, step, direction: Direction::Undo, reason };
        }
        follow::started(state, rollout, step, undo, Direction::Undo, attempt)
    };
    ready.into_iter().map(start).chain(gate.event()).collect()
}

/// Which steps are back already (or have nothing to take back), and which can be taken back now.
fn frontier(rollout: &Rollout, now: Timestamp) -> (Vec<bool>, Vec<(StepId, &Action, u32)>) {
    let steps = &rollout.plan.steps;
    // Steps come after those that they need, so reading backwards sees every dependent before.
    let mut settled = vec![false; steps.len()];
    let mut dependents_settled = vec![true; steps.len()];
    let mut ready = Vec::new();
    for (step_idx, step) in steps.iter().enumerate().rev() {
        let state = &rollout.steps[step_idx];
        let undo = step.undo.as_ref().filter(|_| state.forward.is_touched());
        settled[step_idx] = dependents_settled[step_idx] && (undo.is_none() || state.back.is_settled());
        if !settled[step_idx] {
            for needed in &step.after {
                dependents_settled[needed.0 as usize - 1] = false;
            }
        }
        if let Some(undo) = undo.filter(|_| dependents_settled[step_idx]) {
            match state.back {
                Progress::Pending => ready.push((step.id, undo, 1)),
                Progress::Retrying { attempt, not_before, .. } if not_before <= now => {
                    ready.push((step.id, undo, attempt));
                }
                _ => {}
            }
        }
    }
    (settled, ready)
}

fn failed(rollout: &Rollout, step: &Step) -> Option<Body> {
    let Progress::Failed { attempt, reason, at, .. } = &rollout.step(step.id)?.back else { return None };
    let id = rollout.id;
    if *attempt >= UNDO_ATTEMPTS_MAX {
        return Some(Body::RolloutHalted {
            id,
            step: step.id,
            reason: format!("taking it back failed: {reason}"),
        });
    }
    let delay = jiff::SignedDuration::from_millis(follow::back_off(*attempt).0.cast_signed());
    let not_before = at.checked_add(delay).unwrap_or(Timestamp::MAX);
    Some(Body::StepRetried { id, step: step.id, direction: Direction::Undo, not_before })
}

/// Why an undo has nothing left to do. Several routes of a canary are taken back to the same pools, and the first does it; a
/// fresh control has gone when its comparison was over.
fn so_already(state: &State, rollout: &Rollout, undo: &Action) -> Option<&'static str> {
    let environment = state.environments.get(&rollout.plan.environment)?;
    match undo {
        Action::Route { service, pools } => {
            let is_so = environment.routes.get(service).is_some_and(|it| it.confirmed && it.pools == *pools);
            is_so.then_some("the route is so already")
        }
        Action::Retire { instance, .. } => {
            (!environment.instances.contains_key(instance)).then_some("it has gone already")
        }
        _ => None,
    }
}
