//! Environments and their queues.

use jiff::Timestamp;
use shipway_api::view::environment::{
    EnvironmentSummary, EnvironmentView, Forecast, QueueView, QueuedView, RunnerCost,
};
use shipway_engine::queue::{self, Hold};
use shipway_engine::rollout::waiting;
use shipway_engine::{EnvironmentState, Rollout, State};
use shipway_model::release::ReleaseRef;
use shipway_model::{Millis, Name, RolloutId};

use super::{instance, rollout};

/// Rollouts that forecasts are made from, the latest ones.
const JOBS_MAX: usize = 200;

pub(crate) fn summary(state: &State, name: &Name) -> EnvironmentSummary {
    let known = state.environments.get(name);
    EnvironmentSummary {
        name: name.clone(),
        promotes_from: state.catalogue.environment(name).and_then(|it| it.promotes_from),
        hosts: instance::hosts(state, name).into_iter().collect(),
        release: known.and_then(latest_release),
        live: known.map(|it| it.running.iter().chain(&it.queue).copied().collect()).unwrap_or_default(),
    }
}

fn latest_release(known: &EnvironmentState) -> Option<ReleaseRef> {
    known.services.values().max_by_key(|it| it.since).map(|it| it.release.clone())
}

pub(crate) fn view(state: &State, name: &Name) -> EnvironmentView {
    EnvironmentView {
        summary: summary(state, name),
        targets: instance::targets(state, name, |_| true),
        traffic: instance::traffic(state, name, |_| true),
        concurrency: state.catalogue.concurrency(name),
    }
}

pub(crate) fn queue(state: &State, name: &Name) -> QueueView {
    let known = state.environments.get(name);
    let live = |ids: Vec<RolloutId>| ids.into_iter().filter_map(|id| state.rollouts.live.get(&id));
    let running = live(known.map(|it| it.running.iter().copied().collect()).unwrap_or_default());
    let queued = live(queue::order(state, name));
    let concurrency = state.catalogue.concurrency(name);
    QueueView {
        environment: name.clone(),
        running: running
            .filter_map(|it| Some(rollout::summary(state, state.rollouts.summaries.get(&it.id)?)))
            .collect(),
        queued: queued.map(|it| queued_view(state, it)).collect(),
        cost: cost(state, name),
        forecasts: forecasts(state, name, concurrency.rollouts),
        concurrency,
    }
}

fn queued_view(state: &State, waits: &Rollout) -> QueuedView {
    let hold = queue::hold(state, waits);
    let (why, until) = hold.as_ref().map(waiting::explain).unwrap_or_default();
    let behind = match hold {
        Some(Hold::Full { running, .. }) => running,
        Some(Hold::SameService { rollout, .. } | Hold::Turn { rollout }) => vec![rollout],
        Some(
            Hold::Budget { .. }
            | Hold::Paused { .. }
            | Hold::Closed { .. }
            | Hold::Change { .. }
            | Hold::Held { .. },
        )
        | None => Vec::new(),
    };
    QueuedView {
        rollout: waits.id,
        release: waits.plan.release.clone(),
        position: rollout::position(state, waits),
        since: waits.queued,
        why,
        until,
        behind,
    }
}

/// What the latest rollouts cost the runners.
fn cost(state: &State, name: &Name) -> Option<RunnerCost> {
    let ended = state.rollouts.summaries.values().rev().filter(|it| it.environment == *name);
    // One that never started cost nothing, and would make the others look cheaper.
    let busy = ended.filter(|it| it.ended.is_some() && it.started.is_some()).map(|it| it.busy.0);
    let busy: Vec<u64> = busy.take(JOBS_MAX).collect();
    let rollouts = u32::try_from(busy.len()).ok().filter(|it| *it > 0)?;
    let total = busy.into_iter().fold(0, u64::saturating_add);
    Some(RunnerCost { rollouts, busy_total: Millis(total), busy_mean: Millis(total / u64::from(rollouts)) })
}

/// What limits around the present one would have given to the latest rollouts.
fn forecasts(state: &State, name: &Name, limit: u32) -> Vec<Forecast> {
    let ended = state.rollouts.summaries.values().rev().filter(|it| it.environment == *name);
    let job = |it: &shipway_engine::Summary| {
        let length = it.ended?.duration_since(it.started?).as_millis();
        Some((it.queued, u64::try_from(length).ok()?))
    };
    let mut jobs: Vec<(Timestamp, u64)> = ended.filter_map(job).take(JOBS_MAX).collect();
    jobs.sort_unstable();
    if jobs.is_empty() {
        return Vec::new();
    }
    let forecast = |rollouts: u32| {
        let waits = queue::waits_with_limit(&jobs, rollouts);
        Forecast {
            rollouts,
            wait_mean: Millis(waits.iter().sum::<u64>() / waits.len() as u64),
            wait_max: Millis(waits.iter().copied().max().unwrap_or(0)),
        }
    };
    (limit.saturating_sub(1).max(1)..=limit + 2).map(forecast).collect()
}
