//! What runs where: the instances, routes, queue and history of each environment, folded from its rollouts.

pub mod parity;

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::effect::{Direction, Outcome, Success};
use shipway_model::event::{Body, Condition, End, Event};
use shipway_model::plan::{Action, Deployed, Instance, Plan, PlannedPool};
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, Name, RolloutId};

use crate::{Rollout, State, rollout};

#[derive(Debug, Clone, Default)]
pub struct Environments {
    /// Shared with other copies of the state, until one of them changes: most environments rest most of the time.
    environments: BTreeMap<Name, Arc<EnvironmentState>>,
}

#[derive(Debug, Clone, Default)]
pub struct EnvironmentState {
    /// What each service runs, as the last rollout that ended well left it.
    pub services: BTreeMap<Name, Shipped>,
    /// Boxed: most environments have one or two, and a map makes room for more.
    pub instances: BTreeMap<Instance, Box<InstanceState>>,
    /// The contracts of those instances: plans are forgotten, and what they left running still has to be looked after.
    pub contracts: BTreeMap<Digest, Arc<Deployment>>,
    pub routes: BTreeMap<Name, Routed>,
    /// Rollouts that wait for their turn, in the order in which they came.
    pub queue: Vec<RolloutId>,
    pub running: BTreeSet<RolloutId>,
    /// Rollouts that have ended well and are watched.
    pub watched: BTreeSet<RolloutId>,
    /// The rollout that ended last: the one that can still be rolled back.
    pub latest: Option<RolloutId>,
    /// When each requester last had a turn.
    pub turns: BTreeMap<String, Timestamp>,
    /// Releases that were shipped here whole, and when.
    pub shipped: BTreeMap<Digest, Timestamp>,
    /// Grows whenever a rollout ends here: plans made before may no longer hold.
    pub version: u64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Shipped {
    pub deployed: Deployed,
    pub contract: Arc<Deployment>,
    pub release: shipway_model::release::ReleaseRef,
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq)]
pub struct InstanceState {
    pub status: Status,
    pub artifact: Digest,
    pub contract: Digest,
    pub since: Timestamp,
    /// Times that it ended by itself since it was placed.
    pub crashes: u32,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    Starting,
    Healthy {
        address: SocketAddr,
    },
    Unhealthy {
        address: SocketAddr,
        detail: String,
    },
    /// It did not become healthy; the agent has taken it away.
    Failed {
        reason: String,
    },
    Stopping,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Routed {
    pub revision: u64,
    pub pools: Vec<PlannedPool>,
    /// Whether the router has confirmed it.
    pub confirmed: bool,
}

impl Status {
    pub const fn address(&self) -> Option<SocketAddr> {
        match self {
            Self::Healthy { address } | Self::Unhealthy { address, .. } => Some(*address),
            Self::Starting | Self::Failed { .. } | Self::Stopping => None,
        }
    }

    pub const fn word(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Healthy { .. } => "healthy",
            Self::Unhealthy { .. } => "unhealthy",
            Self::Failed { .. } => "failed",
            Self::Stopping => "stopping",
        }
    }
}

impl Environments {
    pub fn get(&self, name: &Name) -> Option<&EnvironmentState> {
        self.environments.get(name).map(Arc::as_ref)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Name, &EnvironmentState)> {
        self.environments.iter().map(|(name, it)| (name, it.as_ref()))
    }

    pub(crate) fn apply_instance(&mut self, event: &Event) {
        let Body::InstanceChanged { instance, condition, detail } = &event.body else { return };
        let Some(environment) = self.environments.get_mut(&instance.environment) else { return };
        let environment = Arc::make_mut(environment);
        let Some(state) = environment.instances.get_mut(instance) else { return };
        let Some(address) = state.status.address() else { return };
        state.since = event.at;
        state.status = match condition {
            Condition::Healthy => Status::Healthy { address },
            Condition::Unhealthy => Status::Unhealthy { address, detail: detail.clone() },
            Condition::Crashed => {
                state.crashes += 1;
                Status::Unhealthy { address, detail: detail.clone() }
            }
        };
    }

    /// Folds an event of a rollout whose own state has been folded already.
    pub(crate) fn apply_rollout(&mut self, rollout: &Rollout, event: &Event) {
        let environment = self.environments.entry(rollout.plan.environment.clone()).or_default();
        let environment = Arc::make_mut(environment);
        match &event.body {
            Body::RolloutQueued { id, .. } => environment.queue.push(*id),
            Body::RolloutStarted { id } => {
                environment.queue.retain(|it| it != id);
                environment.running.insert(*id);
                environment.turns.insert(rollout.requested_by.clone(), event.at);
            }
            // A rollout that had ended takes a place again when it is taken back.
            Body::RolloutUnwinding { id, .. } => {
                environment.running.insert(*id);
                environment.watched.remove(id);
            }
            Body::RolloutEnded { id, end } => environment.end(rollout, *id, end, event.at),
            Body::StepStarted { step, direction, route_revision, .. } => {
                if let Some(action) = rollout::action(rollout, *step, *direction) {
                    environment.begin(&rollout.plan, action, *route_revision, event.at);
                }
            }
            Body::StepEnded { step, direction, outcome, .. } => {
                if let Some(action) = rollout::action(rollout, *step, *direction) {
                    environment.finish(action, *direction, outcome, event.at);
                }
                environment.look_after(rollout);
            }
            Body::StepTolerated { .. } | Body::StepSkipped { .. } => environment.look_after(rollout),
            _ => {}
        }
    }
}

impl EnvironmentState {
    fn begin(&mut self, plan: &Plan, action: &Action, route_revision: Option<u64>, at: Timestamp) {
        match action {
            Action::Place { instance, artifact, contract } => {
                if let Some(deployment) = plan.contracts.get(contract) {
                    self.contracts.entry(*contract).or_insert_with(|| Arc::clone(deployment));
                }
                let fresh = InstanceState {
                    status: Status::Starting,
                    artifact: *artifact,
                    contract: *contract,
                    since: at,
                    crashes: 0,
                };
                // One that stands already is looked at and left alone; one that failed or was to go begins anew.
                if self.instances.get(instance).is_none_or(|it| it.status.address().is_none()) {
                    self.instances.insert(instance.clone(), Box::new(fresh));
                }
            }
            Action::Retire { instance, .. } => {
                if let Some(state) = self.instances.get_mut(instance) {
                    state.status = Status::Stopping;
                    state.since = at;
                }
            }
            Action::Route { service, pools } => {
                let revision = route_revision.unwrap_or(0);
                self.routes
                    .insert(service.clone(), Routed { revision, pools: pools.clone(), confirmed: false });
            }
            _ => {}
        }
    }

    fn finish(&mut self, action: &Action, _direction: Direction, outcome: &Outcome, at: Timestamp) {
        match (action, outcome) {
            (
                Action::Place { instance, artifact, contract },
                Outcome::Succeeded { result: Success::Placed { address } },
            ) => {
                let healthy = InstanceState {
                    status: Status::Healthy { address: *address },
                    artifact: *artifact,
                    contract: *contract,
                    since: at,
                    crashes: 0,
                };
                self.instances.insert(instance.clone(), Box::new(healthy));
            }
            (Action::Place { instance, .. }, Outcome::Failed { reason, .. }) => {
                if let Some(state) = self.instances.get_mut(instance) {
                    state.status = Status::Failed { reason: reason.clone() };
                    state.since = at;
                }
            }
            (Action::Retire { instance, .. }, Outcome::Succeeded { .. }) => {
                self.instances.remove(instance);
            }
            (Action::Route { service, .. }, Outcome::Succeeded { .. }) => {
                if let Some(routed) = self.routes.get_mut(service) {
                    routed.confirmed = true;
                }
            }
            _ => {}
        }
    }

    fn end(&mut self, rollout: &Rollout, id: RolloutId, end: &End, at: Timestamp) {
        self.queue.retain(|it| *it != id);
        self.running.remove(&id);
        if rollout.plan.fallback.is_some() {
            // It has shipped nothing, so nothing stands because of it, and what was shipped before is still the latest.
            return;
        }
        self.version += 1;
        let needed: BTreeSet<Digest> = self.instances.values().map(|it| it.contract).collect();
        self.contracts.retain(|digest, _| needed.contains(digest));
        match end {
            End::Cancelled { .. } => return,
            End::Aborted { .. } => {}
            End::Succeeded { .. } => {
                for service in &rollout.plan.services {
                    let Some(contract) = rollout.plan.contracts.get(&service.to.contract) else { continue };
                    let shipped = Shipped {
                        deployed: service.to.clone(),
                        contract: contract.clone(),
                        release: rollout.plan.release.clone(),
                        since: at,
                    };
                    self.services.insert(service.service.clone(), shipped);
                }
                self.shipped.insert(rollout.plan.release.digest, at);
                self.watched.extend(rollout.is_to_be_watched().then_some(id));
            }
            End::RolledBack {} => self.restore(rollout, at),
        }
        self.latest = Some(id);
    }

    /// A watch ends with the last of its steps.
    fn look_after(&mut self, rollout: &Rollout) {
        if !rollout.is_to_be_watched() {
            self.watched.remove(&rollout.id);
        }
    }

    /// After a rollback the services are what they were before the rollout, also when it had ended well.
    fn restore(&mut self, rollout: &Rollout, at: Timestamp) {
        self.shipped.remove(&rollout.plan.release.digest);
        for service in &rollout.plan.services {
            let was_shipped = self.services.get(&service.service).is_some_and(|it| {
                it.release.digest == rollout.plan.release.digest && it.deployed == service.to
            });
            if !was_shipped {
                continue;
            }
            let before = rollout.before.get(&service.service).cloned();
            match before {
                Some(before) => {
                    self.services.insert(service.service.clone(), Shipped { since: at, ..before });
                }
                None => {
                    self.services.remove(&service.service);
                }
            }
        }
    }

    /// The next fence for a route of `service`.
    pub(crate) fn next_route_revision(&self, service: &Name) -> u64 {
        self.routes.get(service).map_or(0, |it| it.revision) + 1
    }
}

/// What an agent saw of an instance; only what is news becomes an event.
pub(crate) fn report_instance(
    state: &State,
    instance: &Instance,
    condition: Condition,
    detail: &str,
) -> Vec<Body> {
    let known = state.environments.get(&instance.environment).and_then(|it| it.instances.get(instance));
    let Some(known) = known else { return Vec::new() };
    let news = match (&known.status, condition) {
        (Status::Healthy { .. }, Condition::Healthy) => false,
        (Status::Unhealthy { detail: known, .. }, Condition::Unhealthy) => known != detail,
        (Status::Starting | Status::Failed { .. } | Status::Stopping, _) => false,
        _ => true,
    };
    if !news {
        return Vec::new();
    }
    let detail = detail.chars().take(500).filter(|c| !c.is_control()).collect();
    vec![Body::InstanceChanged { instance: instance.clone(), condition, detail }]
}
