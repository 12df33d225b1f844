//! What should be under way in the world now, from the steps that are running.

use std::collections::BTreeMap;

use shipway_model::effect::{Direction, Effect, EffectKey, MetricsSource, Order, Performer};
use shipway_model::plan::{Action, Plan, PlannedPool, StepId};
use shipway_model::resource::metric::{Metric, Query, Source};
use shipway_model::routing::{Backend, HealthProbe, Pool, Route, Sticky};
use shipway_model::{BasisPoints, Millis, Name, RolloutId};

use super::{Phase, Progress, Rollout};
use crate::State;

/// The name of the cookie that keeps sessions in place.
pub const STICKY_COOKIE: &str = "shipway_session";
const STICKY_TTL: Millis = Millis::from_secs(24 * 3600);
/// The router's own look at backends, between the reports of the agents.
const PROBE_INTERVAL: Millis = Millis::from_secs(1);
const PROBE_TIMEOUT: Millis = Millis::from_secs(2);
const PROBE_FAILURE_LIMIT: u32 = 2;
/// How long gates may take over one answer: reading all evidence of a large release.
const ANSWER_MAX: Millis = Millis::from_secs(300);

/// The effects that this rollout wants performed now; none when it has ended or only waits.
pub fn effects(state: &State, id: RolloutId) -> Vec<Effect> {
    let Some(rollout) = state.rollouts.live.get(&id) else { return Vec::new() };
    if rollout.phase == Phase::Queued {
        return Vec::new();
    }
    // What goes on after the end is a watch: everything else was cut off.
    let goes_on = |action: &Action| !rollout.has_ended() || action.is_watch();
    let direction = rollout.direction();
    let of_step = |step: &shipway_model::plan::Step| {
        let progress = rollout.step(step.id)?.progress(direction);
        let Progress::Running { attempt, .. } = progress else { return None };
        let action = super::action(rollout, step.id, direction).filter(|it| goes_on(it))?;
        let asks = matches!(action, Action::Gates { .. });
        if asks && !rollout.step(step.id)?.is_asking(*attempt) {
            return None;
        }
        let order = order(state, rollout, step.id, direction, action)?;
        let performer = action.target().map_or(Performer::Server, |target| Performer::Agent(target.clone()));
        let key = EffectKey { rollout: id, step: step.id, direction, attempt: *attempt };
        // The step waits for as long as it takes; one answer does not.
        let timeout = if asks { step.timeout.min(ANSWER_MAX) } else { step.timeout };
        Some(Effect { key, performer, timeout, order })
    };
    rollout.plan.steps.iter().filter_map(of_step).collect()
}

fn order(
    state: &State,
    rollout: &Rollout,
    step: StepId,
    direction: Direction,
    action: &Action,
) -> Option<Order> {
    let plan = &rollout.plan;
    Some(match action {
        Action::Place { instance, artifact, contract } => Order::Place {
            instance: instance.clone(),
            artifact: *artifact,
            contract: plan.contracts.get(contract)?.clone(),
        },
        Action::Retire { instance, contract, .. } => {
            Order::Retire { instance: instance.clone(), contract: plan.contracts.get(contract)?.clone() }
        }
        Action::Verify { instance } => Order::Verify { instance: instance.clone() },
        Action::Command { target, command, artifact } => Order::Command {
            environment: plan.environment.clone(),
            target: target.clone(),
            command: command.clone(),
            artifact: *artifact,
        },
        Action::Route { service, pools } => {
            let settings = plan.routes.get(service)?;
            let revision = rollout.step(step)?.route_revision?;
            let route = Route {
                environment: plan.environment.clone(),
                service: service.clone(),
                listen: settings.listen,
                revision,
                pools: live_pools(state, rollout, service, pools),
                sticky: settings.sticky.then(|| Sticky { cookie: STICKY_COOKIE.to_owned(), ttl: STICKY_TTL }),
                health: settings.health_path.as_ref().map(|path| HealthProbe {
                    path: path.clone(),
                    interval: PROBE_INTERVAL,
                    timeout: PROBE_TIMEOUT,
                    failure_limit: PROBE_FAILURE_LIMIT,
                }),
                drain: settings.drain,
            };
            Order::Route { admin: settings.admin.clone(), route }
        }
        Action::Bake { service, version, duration, requests } if *requests > 0 => Order::Bake {
            metrics: metrics(rollout, service)?,
            version: version.clone(),
            duration: *duration,
            requests: *requests,
        },
        Action::Analyse { service, control, canary, rule, journeys } => Order::Analyse {
            metrics: metrics(rollout, service)?,
            control: control.clone(),
            canary: canary.clone(),
            rule: rule.clone(),
            sources: sources(plan, &rule.metrics),
            journeys: journeys.clone(),
        },
        Action::Watch { service, control, canary, rule } => Order::Watch {
            metrics: metrics(rollout, service)?,
            control: control.clone(),
            canary: canary.clone(),
            rule: rule.clone(),
            sources: sources(plan, &rule.metrics),
        },
        Action::Http { request } => Order::Http { request: request.clone() },
        Action::Journey { name, journey, base_url, version } => Order::Journey {
            name: name.clone(),
            journey: journey.clone(),
            base_url: base_url.clone(),
            version: version.clone(),
        },
        Action::Gates { policies } => Order::Gates {
            release: plan.release.clone(),
            environment: plan.environment.clone(),
            policies: policies.clone(),
        },
        Action::Wait { .. } | Action::Pause {} | Action::Approval { .. } | Action::Bake { .. } => {
            debug_assert_eq!(direction, Direction::Do, "only actions in the world are undone");
            return None;
        }
    })
}

fn metrics(rollout: &Rollout, service: &Name) -> Option<MetricsSource> {
    let admin = rollout.plan.routes.get(service)?.admin.clone();
    Some(MetricsSource { admin, environment: rollout.plan.environment.clone(), service: service.clone() })
}

/// Those sources of the plan that the metrics ask.
fn sources(plan: &Plan, metrics: &[Metric]) -> BTreeMap<Name, Source> {
    let asked = metrics.iter().filter_map(|it| it.from.as_ref()).map(Query::source);
    asked
        .filter_map(|name| plan.sources.get_key_value(name))
        .map(|(name, it)| (name.clone(), it.clone()))
        .collect()
}

/// The planned pools with the addresses of the instances that can answer. The share of a pool without any goes to
/// the others, so that nobody is sent where nothing is.
fn live_pools(state: &State, rollout: &Rollout, service: &Name, planned: &[PlannedPool]) -> Vec<Pool> {
    let environment = state.environments.get(&rollout.plan.environment);
    let backend = |pool: &PlannedPool, target: &Name| {
        let instance = shipway_model::plan::Instance {
            environment: rollout.plan.environment.clone(),
            service: service.clone(),
            version: pool.version.clone(),
            target: target.clone(),
        };
        let address = environment?.instances.get(&instance)?.status.address()?;
        Some(Backend { target: target.clone(), address })
    };
    let mut pools: Vec<Pool> = planned
        .iter()
        .map(|pool| Pool {
            version: pool.version.clone(),
            weight_bp: pool.weight_bp,
            backends: pool.targets.iter().filter_map(|target| backend(pool, target)).collect(),
        })
        .filter(|pool| !pool.backends.is_empty())
        .collect();
    let total: u32 = pools.iter().map(|it| u32::from(it.weight_bp.get())).sum();
    if total != 10_000
        && let Some(last) = pools.iter_mut().max_by_key(|it| it.weight_bp)
    {
        let share = u32::from(last.weight_bp.get()) + 10_000_u32.saturating_sub(total);
        last.weight_bp =
            BasisPoints::new(u16::try_from(share.min(10_000)).unwrap_or(10_000)).unwrap_or(BasisPoints::FULL);
    }
    pools
}
