//! Instances and routes of an environment.

use std::collections::{BTreeMap, BTreeSet};

use shipway_api::view::traffic::{PoolView, TargetCondition, TargetView, TrafficView};
use shipway_engine::environment::{InstanceState, Status};
use shipway_engine::{Agent, State};
use shipway_model::Name;
use shipway_model::plan::Instance;

/// The instances in `environment` of the services for which `wanted` says so.
pub(crate) fn targets(state: &State, environment: &Name, wanted: impl Fn(&Name) -> bool) -> Vec<TargetView> {
    let Some(known) = state.environments.get(environment) else { return Vec::new() };
    let wanted = known.instances.iter().filter(|(it, _)| wanted(&it.service));
    wanted.map(|(instance, it)| view(state, instance, it)).collect()
}

/// The instances of all environments on `host`.
pub(crate) fn on_host<'a>(
    state: &'a State,
    host: &'a Name,
) -> impl Iterator<Item = (&'a Instance, &'a InstanceState)> {
    let all = state.environments.iter().flat_map(|(_, it)| &it.instances);
    all.filter(move |(instance, _)| instance.target == *host).map(|(instance, known)| (instance, &**known))
}

pub(crate) fn view(state: &State, instance: &Instance, known: &InstanceState) -> TargetView {
    let (condition, detail) = match &known.status {
        Status::Starting => (TargetCondition::Starting, ""),
        Status::Healthy { .. } => (TargetCondition::Healthy, ""),
        Status::Unhealthy { detail, .. } => (TargetCondition::Unhealthy, detail.as_str()),
        Status::Failed { reason } => (TargetCondition::Failed, reason.as_str()),
        Status::Stopping => (TargetCondition::Stopping, ""),
    };
    TargetView {
        target: instance.target.clone(),
        zone: zone(state, &instance.target),
        service: instance.service.clone(),
        version: instance.version.clone(),
        condition,
        detail: detail.to_owned(),
        crashes: known.crashes,
        address: known.status.address(),
    }
}

/// An instance that a plan will start.
pub(crate) fn planned(state: &State, instance: &Instance) -> TargetView {
    TargetView {
        target: instance.target.clone(),
        zone: zone(state, &instance.target),
        service: instance.service.clone(),
        version: instance.version.clone(),
        condition: TargetCondition::Planned,
        detail: String::new(),
        crashes: 0,
        address: None,
    }
}

fn zone(state: &State, host: &Name) -> String {
    state.agents.get(host).map(|it| it.zone().to_owned()).unwrap_or_default()
}

/// The split of the traffic in `environment` of the services for which `wanted` says so.
pub(crate) fn traffic(state: &State, environment: &Name, wanted: impl Fn(&Name) -> bool) -> Vec<TrafficView> {
    let Some(known) = state.environments.get(environment) else { return Vec::new() };
    let router = state.catalogue.environment(environment).and_then(|it| it.router);
    let routes = known.routes.iter().filter(|(service, _)| wanted(service));
    routes
        .map(|(service, routed)| TrafficView {
            service: service.clone(),
            listen: router.as_ref().and_then(|it| it.listen.get(service)).copied(),
            pools: routed
                .pools
                .iter()
                .map(|it| PoolView {
                    version: it.version.clone(),
                    weight_bp: it.weight_bp,
                    targets: it.targets.clone(),
                })
                .collect(),
        })
        .collect()
}

/// The hosts whose labels make them part of `environment`.
pub(crate) fn hosts(state: &State, environment: &Name) -> BTreeSet<Name> {
    let Some(declared) = state.catalogue.environment(environment) else { return BTreeSet::new() };
    // One without labels is there to be inherited from; it has no hosts of its own.
    let is_member = |labels: &BTreeMap<_, _>, it: &Agent| !labels.is_empty() && it.has_labels(labels);
    let members = state.agents.iter().filter(|it| is_member(&declared.targets, it));
    members.map(|it| it.host.clone()).collect()
}
