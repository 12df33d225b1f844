//! Whose turn it is: the fair queue of each environment.
//!
//! A rollout may start when fewer rollouts than the environment's limit are under way and none of them ships one of
//! its services. Among those that may, requesters take turns: whoever has waited longest since their last turn.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::event::{Body, End};
use shipway_model::plan::{Action, Plan, Step};
use shipway_model::{ChangeId, Name, RolloutId};

use crate::{EnvironmentState, Rollout, State, plan};

/// Why a queued rollout does not start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hold {
    /// As many rollouts as may be are under way.
    Full { running: Vec<RolloutId>, limit: u32 },
    /// A rollout under way ships the same service.
    SameService { service: Name, rollout: RolloutId },
    /// So much is under way in the organisation that this would be more than was agreed.
    Budget { name: Name, counted: &'static str, under_way: u32, wanted: u32, limit: u32 },
    /// Another requester's turn comes first.
    Turn { rollout: RolloutId },
    /// A person paused the environment or everything.
    Paused { scope: String, by: String, reason: String },
    /// The calendar is closed.
    Closed { reason: String, next: Option<Timestamp> },
    /// Somebody's word, or something else that its change needs, is missing.
    Change { id: ChangeId, reason: String },
    /// A person paused the rollout itself.
    Held { by: String, reason: String },
}

pub fn hold(state: &State, rollout: &Rollout) -> Option<Hold> {
    if let Some(paused) = &rollout.paused {
        return Some(Hold::Held { by: paused.by.clone(), reason: paused.reason.clone() });
    }
    let name = &rollout.plan.environment;
    // A way out does not stand in line behind what it is the way out of, nor before what was stopped because of it.
    let waits = rollout.plan.fallback.is_none();
    if let Some(pause) = state.pauses.holding_environment(name).filter(|_| waits) {
        let (by, reason) = (pause.by.clone(), pause.reason.clone());
        return Some(Hold::Paused { scope: pause.scope.to_string(), by, reason });
    }
    if let Some(held) = &rollout.held {
        if let (Some(case), None) = (state.changes.of(rollout.id), held.next) {
            return Some(Hold::Change { id: case.id, reason: held.reason.clone() });
        }
        return Some(Hold::Closed { reason: held.reason.clone(), next: held.next });
    }
    let environment = state.environments.get(name).filter(|_| waits)?;
    if let Some(hold) = blocked(state, environment, rollout) {
        return Some(hold);
    }
    let first = environment
        .queue
        .iter()
        .filter_map(|id| state.rollouts.live.get(id))
        .filter(|it| it.paused.is_none() && it.held.is_none() && blocked(state, environment, it).is_none())
        .min_by_key(|it| (environment.turns.get(&it.requested_by), it.queued, it.id))?;
    (first.id != rollout.id).then_some(Hold::Turn { rollout: first.id })
}

/// The rollouts that wait in an environment, in the order in which they will start when nothing else holds them:
/// requesters take turns, and each turn counts as just taken for the next.
pub fn order(state: &State, environment: &Name) -> Vec<RolloutId> {
    let Some(environment) = state.environments.get(environment) else { return Vec::new() };
    let mut rest: Vec<&Rollout> =
        environment.queue.iter().filter_map(|id| state.rollouts.live.get(id)).collect();
    // Later than every turn that was taken, in the order in which they will be.
    let mut coming: BTreeMap<&str, usize> = BTreeMap::new();
    let mut order = Vec::with_capacity(rest.len());
    while let Some((first_idx, first)) = rest.iter().copied().enumerate().min_by_key(|(_, it)| {
        (coming.get(&*it.requested_by), environment.turns.get(&it.requested_by), it.queued, it.id)
    }) {
        coming.insert(&first.requested_by, order.len());
        order.push(first.id);
        rest.remove(first_idx);
    }
    order
}

fn blocked(state: &State, environment: &EnvironmentState, rollout: &Rollout) -> Option<Hold> {
    let limit = state.catalogue.concurrency(&rollout.plan.environment).rollouts;
    if environment.running.len() >= limit as usize {
        return Some(Hold::Full { running: environment.running.iter().copied().collect(), limit });
    }
    if let Some(hold) = over_budget(state, rollout) {
        return Some(hold);
    }
    let services: BTreeSet<&Name> = rollout.plan.services.iter().map(|it| &it.service).collect();
    environment.running.iter().find_map(|id| {
        let other = state.rollouts.live.get(id)?;
        let shared = other.plan.services.iter().find(|it| services.contains(&it.service))?;
        Some(Hold::SameService { service: shared.service.clone(), rollout: *id })
    })
}

fn over_budget(state: &State, rollout: &Rollout) -> Option<Hold> {
    let wanted = touched(&rollout.plan);
    state.catalogue.budgets(&rollout.plan.environment).find_map(|(name, budget)| {
        let covered = state.environments.iter().filter(|(environment, _)| budget.covers(environment));
        let running = covered.flat_map(|(_, it)| &it.running).filter_map(|id| state.rollouts.live.get(id));
        let plans: Vec<&Plan> = running.map(|it| &*it.plan).collect();
        let over = |counted, under_way: usize, wanted: usize, limit: Option<u32>| {
            let [under_way, wanted] = [under_way, wanted].map(|it| u32::try_from(it).unwrap_or(u32::MAX));
            let limit = limit.filter(|limit| under_way.saturating_add(wanted) > *limit)?;
            Some(Hold::Budget { name: name.clone(), counted, under_way, wanted, limit })
        };
        let targets: BTreeSet<&Name> = plans.iter().flat_map(|plan| touched(plan)).collect();
        over("rollouts", plans.len(), 1, budget.max_rollouts).or_else(|| {
            over("targets", targets.len(), wanted.difference(&targets).count(), budget.max_targets)
        })
    })
}

/// The targets on which a plan starts or stops something.
pub(crate) fn touched(plan: &Plan) -> BTreeSet<&Name> {
    let touches = |step: &&Step| matches!(step.action, Action::Place { .. } | Action::Retire { .. });
    plan.steps.iter().filter(touches).filter_map(|step| step.action.target()).collect()
}

/// Starts the rollout when it is its turn. When what runs has changed while it waited, it is planned again.
pub(crate) fn admit(state: &State, rollout: &Rollout) -> Vec<Body> {
    if hold(state, rollout).is_some() {
        return Vec::new();
    }
    let id = rollout.id;
    let version = state.environments.get(&rollout.plan.environment).map_or(0, |it| it.version);
    if version == rollout.environment_version {
        return vec![Body::RolloutStarted { id }];
    }
    match plan::again(state, &rollout.plan) {
        Ok(plan) if plan.digest() == rollout.plan_digest => vec![Body::RolloutStarted { id }],
        Ok(mut plan) => {
            plan.parent = Some(rollout.plan_digest);
            let plan_digest = plan.digest();
            let replanned = Body::RolloutReplanned { id, plan: Arc::new(plan), plan_digest };
            match state.changes.of(id) {
                // Whoever gave their word saw another plan: the change is asked again.
                Some(_) => vec![replanned],
                None => vec![replanned, Body::RolloutStarted { id }],
            }
        }
        Err(rejection) => {
            let reason = format!("its plan no longer holds: {rejection}");
            vec![Body::RolloutEnded { id, end: End::Cancelled { reason } }]
        }
    }
}

/// How long each of `jobs` (queued at, time under way in ms) would have waited with `limit` places, in ms.
///
/// For the question what another limit would give; jobs are taken in the order in which they were queued.
pub fn waits_with_limit(jobs: &[(Timestamp, u64)], limit: u32) -> Vec<u64> {
    let mut free_at = vec![i64::MIN; limit.max(1) as usize];
    jobs.iter()
        .map(|(queued, length_ms)| {
            let queued = queued.as_millisecond();
            let place = free_at.iter_mut().min().expect("at least one place");
            let start = queued.max(*place);
            *place = start.saturating_add(i64::try_from(*length_ms).unwrap_or(i64::MAX));
            start.abs_diff(queued)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_places_shorten_the_wait() {
        let at = |seconds| Timestamp::from_second(seconds).unwrap();
        let jobs = [(at(0), 10_000), (at(0), 10_000), (at(1), 10_000)];
        assert_eq!(waits_with_limit(&jobs, 1), [0, 10_000, 19_000]);
        assert_eq!(waits_with_limit(&jobs, 2), [0, 0, 9_000]);
        assert_eq!(waits_with_limit(&jobs, 3), [0, 0, 0]);
    }
}
