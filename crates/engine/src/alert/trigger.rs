//! What an alert does to the rollouts that ship the service of which it tells.

use jiff::Timestamp;
use shipway_model::alert::Alert;
use shipway_model::event::{Body, Cause};
use shipway_model::plan::Step;
use shipway_model::resource::strategy::OnHarm;
use shipway_model::{AlertId, Name};

use super::{environment_of, service_of};
use crate::rollout::watch;
use crate::{Phase, Rollout, State};

/// What follows at once from an alert that has begun to fire. One that fired before the rollout began is not its doing.
pub(super) fn consequences(state: &State, id: AlertId, alert: &Alert, now: Timestamp) -> Vec<Body> {
    let (Some(service), Some(environment)) = (service_of(state, alert), environment_of(state, alert)) else {
        return Vec::new();
    };
    let summary = alert.annotations.get("summary").map(|it| format!(": {it}")).unwrap_or_default();
    let reason = format!("the alert {} fires for {service}{summary}", alert.name);
    let cause = Cause::AlertFired { alert: id, reason };
    let touched = state.rollouts.live.values().filter(|it| {
        it.plan.environment == environment && it.started.is_some_and(|at| at <= alert.starts_at)
    });
    touched.flat_map(|it| of_rollout(state, it, &service, &cause, now)).collect()
}

fn of_rollout(state: &State, rollout: &Rollout, service: &Name, cause: &Cause, now: Timestamp) -> Vec<Body> {
    let Some(action) = rollout.plan.on_alert.filter(|it| *it != OnHarm::Tell) else { return Vec::new() };
    let Cause::AlertFired { reason, .. } = cause else { return Vec::new() };
    match rollout.phase {
        Phase::Running | Phase::Halted { .. } => {
            let Some(step) = begun(rollout, service) else { return Vec::new() };
            let is_halted = matches!(rollout.phase, Phase::Halted { .. });
            let (id, step) = (rollout.id, step.id);
            let halt = |reason: String| match is_halted {
                true => Vec::new(),
                false => vec![Body::RolloutHalted { id, step, reason }],
            };
            match (action, rollout.passed_no_return()) {
                (OnHarm::Rollback, None) => vec![Body::RolloutUnwinding { id, cause: cause.clone() }],
                (OnHarm::Rollback, Some(passed)) => halt(format!(
                    "{reason}; step {passed} is a point of no return, so it cannot be taken back"
                )),
                (OnHarm::Hold | OnHarm::Tell, _) => halt(reason.clone()),
            }
        }
        Phase::Ended(_) => watch::alerted(state, rollout, service, action, cause, now),
        Phase::Queued | Phase::Unwinding | Phase::Aborting { .. } => Vec::new(),
    }
}

/// The last step of the service that has begun.
fn begun<'r>(rollout: &'r Rollout, service: &Name) -> Option<&'r Step> {
    let is_touched = |it: &&Step| rollout.step(it.id).is_some_and(|it| it.forward.is_touched());
    rollout.plan.steps.iter().rev().filter(|it| it.action.service() == Some(service)).find(is_touched)
}
