//! The analyses of a rollout.

use shipway_api::view::analysis::{RolloutAnalysis, StepAnalysis};
use shipway_engine::{Progress, Rollout, StepState};
use shipway_model::analysis::Verdict;
use shipway_model::effect::{Outcome, Success};
use shipway_model::plan::Action;

pub(crate) fn view(rollout: &Rollout) -> RolloutAnalysis {
    let of_step = |step: &shipway_model::plan::Step| {
        let (service, control, canary, rule) = match &step.action {
            Action::Analyse { service, control, canary, rule, .. } => {
                (service, control, canary, rule.clone())
            }
            Action::Watch { service, control, canary, rule } => (service, control, canary, rule.rule()),
            _ => return None,
        };
        let state = rollout.step(step.id)?;
        Some(StepAnalysis {
            step: step.id,
            service: service.clone(),
            control: control.clone(),
            canary: canary.clone(),
            rule,
            is_watch: step.action.is_watch(),
            under_way: matches!(state.forward, Progress::Running { .. }),
            blocks: state.track.n_blocks,
            elapsed: state.track.end,
            verdict: latest_verdict(state),
            points: state.track.points.clone(),
        })
    };
    RolloutAnalysis { rollout: rollout.id, steps: rollout.plan.steps.iter().filter_map(of_step).collect() }
}

/// The one that ended the step, or else the latest on the way.
pub(super) fn latest_verdict(step: &StepState) -> Option<Verdict> {
    let last = match step.result.as_deref() {
        Some(Outcome::Failed { verdict, .. }) => verdict.as_deref(),
        Some(Outcome::Succeeded { result: Success::Judged { verdict } }) => Some(&**verdict),
        Some(Outcome::Succeeded { .. }) | None => None,
    };
    last.or(step.track.verdict.as_deref()).cloned()
}
