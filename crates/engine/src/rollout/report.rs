//! What performers answer.

use shipway_model::RolloutId;
use shipway_model::analysis::{Block, Verdict};
use shipway_model::effect::{EffectKey, Outcome, Success};
use shipway_model::event::Body;
use shipway_model::plan::{Action, Silenced, StepId};

use super::Progress;
use crate::decide::TEXT_BYTES_MAX;
use crate::{Code, Rejection, State};

/// Takes an outcome once: repeats, late answers of earlier attempts and answers about what has ended change nothing.
/// Answers about what has not begun are refused.
pub(crate) fn report(state: &State, key: EffectKey, outcome: &Outcome) -> Result<Vec<Body>, Rejection> {
    let Some(rollout) = state.rollouts.live.get(&key.rollout) else { return Ok(Vec::new()) };
    let Some(action) = super::action(rollout, key.step, key.direction) else {
        return Err(Rejection::new(
            Code::UnknownStep,
            format!("{key} names a step that the plan does not have"),
        ));
    };
    let Some(step) = rollout.step(key.step) else { return Ok(Vec::new()) };
    let attempt = match step.progress(key.direction) {
        Progress::Pending => return Err(not_begun(key)),
        Progress::Running { attempt, .. } => *attempt,
        Progress::Failed { .. }
        | Progress::Retrying { .. }
        | Progress::Succeeded
        | Progress::Tolerated { .. }
        | Progress::Skipped { .. } => return Ok(Vec::new()),
    };
    if key.attempt > attempt {
        return Err(not_begun(key));
    }
    if key.attempt != attempt || key.direction != rollout.direction() {
        return Ok(Vec::new());
    }
    // Gates end their step by what they say; that somebody has asked them ends nothing.
    if matches!((action, outcome), (Action::Gates { .. }, Outcome::Succeeded { .. })) {
        return Ok(Vec::new());
    }
    check(action, outcome)?;
    let (id, step, direction) = (key.rollout, key.step, key.direction);
    Ok(vec![Body::StepEnded { id, step, direction, attempt: key.attempt, outcome: bounded(outcome) }])
}

fn not_begun(key: EffectKey) -> Rejection {
    Rejection::new(Code::InvalidReport, format!("{key} has not begun"))
}

fn check(action: &Action, outcome: &Outcome) -> Result<(), Rejection> {
    let Outcome::Succeeded { result } = outcome else { return Ok(()) };
    let fits = match result {
        Success::Placed { .. } => matches!(action, Action::Place { .. }),
        Success::Retired {} => matches!(action, Action::Retire { .. }),
        Success::Verified {} => matches!(action, Action::Verify { .. }),
        Success::Routed { .. } => matches!(action, Action::Route { .. }),
        Success::Judged { .. } => matches!(action, Action::Analyse { .. } | Action::Watch { .. }),
        Success::Completed { .. } => {
            matches!(
                action,
                Action::Command { .. } | Action::Http { .. } | Action::Journey { .. } | Action::Bake { .. }
            )
        }
    };
    if fits {
        return Ok(());
    }
    Err(Rejection::new(
        Code::InvalidReport,
        format!("a {} step cannot have ended as {result:?}", action.word()),
    ))
}

/// Texts from performers have a limit and no control characters: they are shown to people and kept for ever.
fn bounded(outcome: &Outcome) -> Outcome {
    let clean = |text: &str| -> String {
        let mut clean: String = text.chars().filter(|c| !c.is_control() || *c == '\n').collect();
        if clean.len() > TEXT_BYTES_MAX {
            clean.truncate(clean.floor_char_boundary(TEXT_BYTES_MAX));
            clean.push('…');
        }
        clean
    };
    match outcome {
        Outcome::Succeeded { result: Success::Completed { summary } } => {
            Outcome::Succeeded { result: Success::Completed { summary: clean(summary) } }
        }
        Outcome::Failed { reason, retryable, verdict } => {
            Outcome::Failed { reason: clean(reason), retryable: *retryable, verdict: verdict.clone() }
        }
        Outcome::Succeeded { .. } => outcome.clone(),
    }
}

/// Keeps what a silence kept quiet, once.
pub(crate) fn silenced(state: &State, id: RolloutId, step: StepId, silenced: &Silenced) -> Vec<Body> {
    let Some(known) = state.rollouts.live.get(&id).and_then(|it| it.step(step)) else { return Vec::new() };
    if known.silenced.iter().any(|it| it.id == silenced.id) {
        return Vec::new();
    }
    vec![Body::StepSilenced { id, step, silenced: silenced.clone() }]
}

/// Keeps what the judge saw, once and in order.
pub(crate) fn observe(state: &State, key: EffectKey, block: &Block, verdict: &Verdict) -> Vec<Body> {
    let Some(rollout) = state.rollouts.live.get(&key.rollout) else { return Vec::new() };
    let Some(step) = rollout.step(key.step) else { return Vec::new() };
    let running = matches!(step.forward, Progress::Running { attempt, .. } if attempt == key.attempt);
    if !running || !step.track.is_followed_by(block) || key.direction != rollout.direction() {
        return Vec::new();
    }
    let (block, verdict) = (Box::new(block.clone()), Box::new(verdict.clone()));
    vec![Body::StepObserved { id: key.rollout, step: key.step, block, verdict }]
}
