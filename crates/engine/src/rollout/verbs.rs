//! What people ask of a rollout.

use shipway_model::RolloutId;
use shipway_model::effect::{Direction, Outcome, Success};
use shipway_model::event::{Body, Cause, End};
use shipway_model::plan::{Action, StepId};

use super::{Phase, Progress, Rollout, closing};
use crate::{Code, Context, Rejection, State};

fn wrong_phase(rollout: &Rollout, verb: &str, hint: &str) -> Rejection {
    let is = match &rollout.phase {
        Phase::Queued => "is queued",
        Phase::Running => "is running",
        Phase::Halted { .. } => "is halted",
        Phase::Unwinding => "is being taken back",
        Phase::Aborting { .. } => "is being aborted",
        Phase::Ended(_) => "has ended",
    };
    Rejection::new(Code::WrongPhase, format!("rollout {} {is}, so it cannot be {verb}", rollout.id))
        .hint(hint)
}

pub(crate) fn pause(state: &State, id: RolloutId, reason: &str) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    match rollout.phase {
        Phase::Queued | Phase::Running | Phase::Unwinding if rollout.paused.is_none() => {
            Ok(vec![Body::RolloutPaused { id, reason: reason.to_owned() }])
        }
        Phase::Queued | Phase::Running | Phase::Unwinding => Ok(Vec::new()),
        Phase::Halted { .. } | Phase::Aborting { .. } | Phase::Ended(_) => {
            Err(wrong_phase(rollout, "paused", "only what moves can be paused"))
        }
    }
}

/// Lifts the pause of a person, or ends the pause step of a canary.
pub(crate) fn resume(state: &State, id: RolloutId) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    if rollout.paused.is_some() {
        return Ok(vec![Body::RolloutResumed { id }]);
    }
    let waiting =
        rollout.plan.steps.iter().find_map(|step| match (&step.action, &rollout.step(step.id)?.forward) {
            (Action::Pause {}, Progress::Running { attempt, .. }) => Some((step.id, *attempt)),
            _ => None,
        });
    let Some((step, attempt)) = waiting else {
        return Err(Rejection::new(Code::NotPaused, format!("rollout {id} is not paused")).hint(
            match rollout.phase {
                Phase::Halted { .. } => "it is halted: `shipway rollout retry`, `rollback` or `abort` decide",
                _ => "`shipway rollout show` says what it waits for",
            },
        ));
    };
    let outcome = completed("resumed".to_owned());
    Ok(vec![Body::StepEnded { id, step, direction: Direction::Do, attempt, outcome }])
}

fn completed(summary: String) -> Outcome {
    Outcome::Succeeded { result: Success::Completed { summary } }
}

pub(crate) fn abort(state: &State, id: RolloutId, reason: &str) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    let reason = reason.to_owned();
    match rollout.phase {
        Phase::Queued => Ok(vec![Body::RolloutEnded { id, end: End::Cancelled { reason } }]),
        Phase::Running | Phase::Halted { .. } | Phase::Unwinding => {
            Ok(vec![Body::RolloutAborting { id, reason }])
        }
        Phase::Aborting { .. } => Ok(Vec::new()),
        Phase::Ended(_) => Err(wrong_phase(rollout, "aborted", "nothing of it is under way")),
    }
}

pub(crate) fn roll_back(
    state: &State,
    id: RolloutId,
    reason: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    if let Some(step) = rollout.passed_no_return() {
        return Err(Rejection::new(
            Code::PointOfNoReturn,
            format!("rollout {id} has passed step {step}, from which nothing before it can be taken back"),
        )
        .hint("ship a release that mends it; `shipway rollout show` marks the step"));
    }
    let cause = Cause::Asked { by: ctx.actor.to_owned(), reason: reason.to_owned() };
    let unwinding = vec![Body::RolloutUnwinding { id, cause }];
    match &rollout.phase {
        Phase::Queued => {
            Ok(vec![Body::RolloutEnded { id, end: End::Cancelled { reason: reason.to_owned() } }])
        }
        Phase::Unwinding => Ok(Vec::new()),
        Phase::Running | Phase::Halted { .. } | Phase::Aborting { .. } => Ok(unwinding),
        Phase::Ended(End::Succeeded { .. } | End::Aborted { .. }) => {
            let environment = state.environments.get(&rollout.plan.environment);
            match environment.and_then(|it| it.running.first()) {
                None => Ok(unwinding),
                Some(other) => Err(wrong_phase(
                    rollout,
                    "rolled back",
                    &format!("rollout {other} is under way in {}: roll that back", rollout.plan.environment),
                )),
            }
        }
        Phase::Ended(End::RolledBack {} | End::Cancelled { .. }) => {
            Err(wrong_phase(rollout, "rolled back", "there is nothing left to take back"))
        }
    }
}

/// Has the failed steps of a halted rollout tried again; one that was halted for another reason looks again. They start
/// as any step does: a pause, a lock or a limit holds them.
pub(crate) fn retry(state: &State, id: RolloutId, ctx: &Context<'_>) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    if !matches!(rollout.phase, Phase::Halted { .. }) {
        return Err(wrong_phase(rollout, "retried", "only a halted rollout waits for a retry"));
    }
    if let Some(paused) = &rollout.paused {
        let by = format!("{} has paused it: `shipway rollout resume` first", paused.by);
        return Err(wrong_phase(rollout, "retried", &by));
    }
    let direction = rollout.direction();
    closing::refuse_retry(state, rollout, ctx.now)?;
    let failed = rollout.plan.steps.iter().filter(|step| {
        let progress = rollout.step(step.id).map(|it| it.progress(direction));
        let has_action = super::action(rollout, step.id, direction).is_some();
        has_action && matches!(progress, Some(Progress::Failed { .. }))
    });
    let mut bodies: Vec<Body> =
        failed.map(|step| Body::StepRetried { id, step: step.id, direction, not_before: ctx.now }).collect();
    bodies.push(Body::RolloutResumed { id });
    Ok(bodies)
}

pub(crate) fn approve(
    state: &State,
    id: RolloutId,
    step: StepId,
    note: &str,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    let rollout = state.rollouts.known(id)?;
    let Some(planned) = rollout.plan.step(step) else {
        return Err(Rejection::new(Code::UnknownStep, format!("rollout {id} has no step {step}"))
            .hint("`shipway rollout show` lists its steps"));
    };
    let (Action::Approval { team, .. }, Some(state_of_step)) = (&planned.action, rollout.step(step)) else {
        return Err(Rejection::new(
            Code::NotAsked,
            format!("step {step} ({}) asks for no approval", planned.title),
        ));
    };
    let attempt = match state_of_step.forward {
        Progress::Running { attempt, .. } => attempt,
        Progress::Succeeded => return Ok(Vec::new()),
        _ => return Err(wrong_phase(rollout, "approved at this step", "the step has not been reached")),
    };
    if let Some(team) = team
        && !state.is_member(team, ctx.actor)
    {
        return Err(Rejection::new(
            Code::NotAsked,
            format!("step {step} asks for the word of team {team}, and {} is not a member", ctx.actor),
        )
        .hint(format!("a member of {team} can run `shipway rollout approve {id} {step}`")));
    }
    let outcome = completed("approved".to_owned());
    Ok(vec![
        Body::StepApproved { id, step, note: note.to_owned() },
        Body::StepEnded { id, step, direction: Direction::Do, attempt, outcome },
    ])
}
