//! What a release has to be to go as an emergency: alone, bad enough, with a record that can be trusted, and in nobody's
//! way.

use std::cmp::Reverse;

use shipway_model::Name;
use shipway_model::change::Emergency;
use shipway_model::event::End;
use shipway_model::plan::Plan;
use shipway_model::resource::change_policy::FastLane;

use super::policy::Judges;
use crate::{Code, Rejection, Release, Rollout, State};

/// # Errors
/// When the fast lane is not for it.
pub(super) fn check(
    state: &State,
    plan: &Plan,
    release: &Release,
    emergency: &Emergency,
    judges: &Judges,
) -> Result<(), Rejection> {
    let n_parts = release.bundle.parts.len();
    if n_parts != 1 {
        return Err(invalid(format!(
            "{} brings {n_parts} services, and what goes as an emergency goes alone",
            plan.release.name
        ))
        .hint("put what mends it in a release of its own: `shipway release create … --class emergency`"));
    }
    for lane in judges.iter().map(|it| &it.fast_lane) {
        check_lane(state, plan, release, emergency, lane)?;
    }
    match in_flight(state, plan).find(|it| it.started.is_some()) {
        Some(running) => Err(invalid(format!(
            "rollout {} is shipping {}@{} there, with a service of this one",
            running.id, running.plan.release.name, running.plan.release.version
        ))
        .hint(format!("take it back or stop it first: `shipway rollout rollback {}`", running.id))),
        None => Ok(()),
    }
}

fn check_lane(
    state: &State,
    plan: &Plan,
    release: &Release,
    emergency: &Emergency,
    lane: &FastLane,
) -> Result<(), Rejection> {
    if emergency.severity < lane.severity_from {
        return Err(invalid(format!(
            "a severity of {} is no reason not to wait: the fast lane begins at {}",
            emergency.severity.as_str(),
            lane.severity_from.as_str()
        ))
        .hint("ship it as a normal or major change, or say how bad it is: `--severity critical`"));
    }
    for service in release.bundle.parts.keys() {
        let (rollouts, taken_back) = record(state, service, &plan.environment, lane.window);
        if taken_back > lane.max_rollbacks {
            return Err(invalid(format!(
                "{taken_back} of the latest {rollouts} rollouts of {service} into {} were taken back, and the fast \
                 lane allows {}",
                plan.environment, lane.max_rollbacks
            ))
            .hint("what is taken back so often is looked at first: ship it as a major change"));
        }
    }
    Ok(())
}

/// How many of the latest rollouts of a service into an environment there are, and how many were taken back.
fn record(state: &State, service: &Name, environment: &Name, window: u32) -> (usize, u32) {
    let ships = |id| state.releases.get(id).is_some_and(|it| it.bundle.parts.contains_key(service));
    let mut ended: Vec<_> = state
        .rollouts
        .summaries
        .values()
        .filter(|it| it.fallback.is_none() && it.environment == *environment)
        .filter(|it| it.started.is_some() && ships(it.release.id))
        .filter_map(|it| Some((it.ended?, it.end.as_ref()?)))
        .collect();
    ended.sort_by_key(|it| Reverse(it.0));
    ended.truncate(window as usize);
    let taken_back = ended.iter().filter(|it| matches!(it.1, End::RolledBack {})).count();
    (ended.len(), u32::try_from(taken_back).unwrap_or(u32::MAX))
}

/// Rollouts of other releases on their way into the same environment with a service of this one.
pub(super) fn in_flight<'a>(state: &'a State, plan: &'a Plan) -> impl Iterator<Item = &'a Rollout> {
    let is_other = |it: &&Rollout| {
        !it.has_ended()
            && it.plan.environment == plan.environment
            && it.plan.release.digest != plan.release.digest
    };
    let shares = |it: &&Rollout| {
        it.plan.fallback.is_none()
            && it
                .plan
                .services
                .iter()
                .any(|one| plan.services.iter().any(|other| other.service == one.service))
    };
    state.rollouts.live.values().filter(is_other).filter(shares)
}

/// What waits there already, and may bring back what this mends.
pub(super) fn warnings(state: &State, plan: &Plan) -> Vec<String> {
    let waiting = in_flight(state, plan).filter(|it| it.started.is_none());
    let warn = |it: &Rollout| {
        format!(
            "rollout {} waits with {}@{}, which ships a service of this one and may not bring what it mends",
            it.id, it.plan.release.name, it.plan.release.version
        )
    };
    waiting.map(warn).collect()
}

fn invalid(message: String) -> Rejection {
    Rejection::new(Code::InvalidChange, message)
}
