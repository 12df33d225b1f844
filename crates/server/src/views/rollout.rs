//! Rollouts, in lists and in full.

use shipway_api::view::rollout::{AnalysisView, NoteView, Progress, Waited, Waiting};
use shipway_api::view::traffic::TargetView;
use shipway_api::view::{Phase, RolloutSummary, RolloutView};
use shipway_engine::queue;
use shipway_engine::rollout::{time, waiting};
use shipway_engine::{self as engine, Rollout, State, Summary};
use shipway_model::event::End;
use shipway_model::plan::Action;
use shipway_model::{Millis, Name};

use super::analysis::latest_verdict;
use super::{instance, step};

/// A rollout in full, with what stands now of what it touches.
pub(crate) fn view(state: &State, rollout: &Rollout) -> RolloutView {
    // Looked at from the beginning, only what has ended counts. A view that changed with every look would have no ETag
    // that a caller could mean.
    let from_the_beginning = rollout.queued;
    let waited = time::waited(rollout, from_the_beginning).into_iter();
    let waiting = waiting::waiting(state, rollout);
    let plan = &rollout.plan;
    let is_followed = is_followed(state, rollout);
    let ships = |service: &Name| !is_followed && plan.service(service).is_some();
    let mut targets = instance::targets(state, &plan.environment, ships);
    targets.extend(planned(state, rollout, &targets));
    RolloutView {
        summary: of_live(state, rollout),
        plan_digest: rollout.plan_digest,
        paused_total: Millis(rollout.paused_ms),
        waited: waited.map(|it| Waited { cause: it.cause, total: it.total }).collect(),
        busy: time::busy(rollout, from_the_beginning),
        waiting_for: waiting.iter().map(|it| waits(rollout, it)).collect(),
        steps: plan.steps.iter().map(|it| step::view(rollout, it, &waiting)).collect(),
        targets,
        traffic: instance::traffic(state, &plan.environment, ships),
        analyses: analyses(rollout),
        notes: rollout.notes.iter().map(note).collect(),
        decider: rollout.decider.clone(),
    }
}

fn note(it: &engine::rollout::Note) -> NoteView {
    NoteView { by: it.by.clone(), at: it.at, note: it.text.clone() }
}

/// Whether it has ended and others have begun there since: what stands now is no longer its doing.
fn is_followed(state: &State, rollout: &Rollout) -> bool {
    let Some(ended) = rollout.ended else { return false };
    let elsewhere = |it: &Summary| it.environment != rollout.plan.environment || it.fallback.is_some();
    let summaries = state.rollouts.summaries.values().rev();
    summaries.filter(|it| !elsewhere(it)).any(|it| it.started.is_some_and(|started| started >= ended))
}

/// A rollout in a list. Of those that the state has let go of, only the end is known.
pub(crate) fn summary(state: &State, known: &Summary) -> RolloutSummary {
    if let Some(rollout) = state.rollouts.live.get(&known.id) {
        return of_live(state, rollout);
    }
    let end = known.end.clone().unwrap_or(End::Cancelled { reason: String::new() });
    RolloutSummary {
        id: known.id,
        release: known.release.clone(),
        environment: known.environment.clone(),
        requested_by: known.requested_by.clone(),
        phase: Phase::Ended { end },
        progress: None,
        queued_at: known.queued,
        started_at: known.started,
        ended_at: known.ended,
    }
}

fn of_live(state: &State, rollout: &Rollout) -> RolloutSummary {
    RolloutSummary {
        id: rollout.id,
        release: rollout.plan.release.clone(),
        environment: rollout.plan.environment.clone(),
        requested_by: rollout.requested_by.clone(),
        phase: phase(state, rollout),
        progress: Some(Progress {
            steps_done: rollout.steps.iter().filter(|it| it.forward.is_settled()).count() as u32,
            steps_total: rollout.steps.len() as u32,
        }),
        queued_at: rollout.queued,
        started_at: rollout.started,
        ended_at: rollout.ended,
    }
}

/// Where it stands. A pause shows only while there is something that it holds back.
pub(crate) fn phase(state: &State, rollout: &Rollout) -> Phase {
    let paused = rollout.paused.as_ref().map(|it| Phase::Paused { reason: it.reason.clone() });
    match &rollout.phase {
        engine::Phase::Queued => {
            paused.unwrap_or_else(|| Phase::Queued { position: position(state, rollout) })
        }
        engine::Phase::Running => paused.unwrap_or(Phase::Running {}),
        engine::Phase::Halted { step, reason, .. } => Phase::Halted { step: *step, reason: reason.clone() },
        engine::Phase::Unwinding => match (&paused, &rollout.cause) {
            (None, Some(cause)) => Phase::Unwinding { cause: cause.clone() },
            _ => paused.unwrap_or(Phase::Running {}),
        },
        engine::Phase::Aborting { reason } => Phase::Aborting { reason: reason.clone() },
        engine::Phase::Ended(end) => Phase::Ended { end: end.clone() },
    }
}

/// In its environment's queue, from 1.
pub(crate) fn position(state: &State, rollout: &Rollout) -> u32 {
    let order = queue::order(state, &rollout.plan.environment);
    let before = order.iter().take_while(|it| **it != rollout.id).count();
    before as u32 + 1
}

fn waits(rollout: &Rollout, waiting: &waiting::Waiting) -> Waiting {
    let step = waiting.step.and_then(|it| rollout.plan.step(it));
    Waiting {
        what: step.map_or_else(|| "the rollout".to_owned(), |it| it.title.clone()),
        step: waiting.step,
        why: waiting.why.clone(),
        since: waiting.since,
        until: waiting.until.clone(),
    }
}

/// Instances that the plan will start and has not begun to.
fn planned(state: &State, rollout: &Rollout, known: &[TargetView]) -> Vec<TargetView> {
    if rollout.has_ended() || rollout.cause.is_some() {
        return Vec::new();
    }
    let untouched =
        rollout.plan.steps.iter().filter(|it| rollout.step(it.id).is_none_or(|it| !it.forward.is_touched()));
    let mut views = Vec::new();
    for step in untouched {
        let Action::Place { instance, .. } = &step.action else { continue };
        let stands = known.iter().any(|it| {
            it.target == instance.target && it.service == instance.service && it.version == instance.version
        });
        if !stands {
            views.push(instance::planned(state, instance));
        }
    }
    views
}

fn analyses(rollout: &Rollout) -> Vec<AnalysisView> {
    let of_step = |step: &shipway_model::plan::Step| match &step.action {
        Action::Analyse { service, control, canary, .. } | Action::Watch { service, control, canary, .. } => {
            Some(AnalysisView {
                step: step.id,
                service: service.clone(),
                control: control.clone(),
                canary: canary.clone(),
                verdict: latest_verdict(rollout.step(step.id)?)?,
            })
        }
        _ => None,
    };
    rollout.plan.steps.iter().filter_map(of_step).collect()
}
