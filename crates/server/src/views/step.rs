//! A step of a rollout.

use jiff::Timestamp;
use shipway_api::view::{StepState, StepView};
use shipway_engine::rollout::waiting::Waiting;
use shipway_engine::{Progress, Rollout};
use shipway_model::effect::Direction;
use shipway_model::plan::{Action, Step};

pub(crate) fn view(rollout: &Rollout, step: &Step, waiting: &[Waiting]) -> StepView {
    let known = rollout.step(step.id);
    let waits = waiting.iter().find(|it| it.step == Some(step.id));
    let forward = known.map(|it| &it.forward).unwrap_or(&Progress::Pending);
    let waits_forward = waits.filter(|_| rollout.direction() == Direction::Do);
    let undo = step.undo.as_ref().filter(|_| rollout.cause.is_some() && forward.is_touched());
    StepView {
        id: step.id,
        stage: step.stage.clone(),
        wave: step.wave.clone(),
        title: step.title.clone(),
        action: step.action.word().to_owned(),
        service: step.action.service().cloned(),
        target: step.action.target().cloned(),
        state: state(forward, &step.action, waits_forward),
        undo: undo.zip(known).map(|(action, it)| state(&it.back, action, waits)),
        reversibility: step.reversibility,
        why: step.why.clone(),
        started_at: known.and_then(|it| it.started),
        ended_at: known.and_then(|it| it.ended),
        silenced: known.map(|it| it.silenced.clone()).unwrap_or_default(),
    }
}

fn state(progress: &Progress, action: &Action, waits: Option<&Waiting>) -> StepState {
    let running = |attempt: u32, since: Timestamp| match (action, waits) {
        // What only waits for a person, or for what people bring, is not at work.
        (Action::Approval { .. } | Action::Pause {} | Action::Gates { .. }, Some(it)) => {
            StepState::Waiting { why: it.why.clone() }
        }
        _ => StepState::Running { attempt, since },
    };
    match progress {
        Progress::Pending => match waits {
            Some(it) => StepState::Waiting { why: it.why.clone() },
            None => StepState::Pending {},
        },
        Progress::Running { attempt, since } => running(*attempt, *since),
        Progress::Failed { reason, .. } => StepState::Failed { reason: reason.clone() },
        Progress::Retrying { attempt, reason, .. } => {
            StepState::Waiting { why: format!("attempt {} failed: {reason}", attempt.saturating_sub(1)) }
        }
        Progress::Succeeded => StepState::Succeeded {},
        Progress::Tolerated { reason } => StepState::Tolerated { reason: reason.clone() },
        Progress::Skipped { reason } => StepState::Skipped { reason: reason.clone() },
    }
}
