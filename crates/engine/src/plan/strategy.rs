//! Strategies to steps. Each lays the steps of one service and returns those that its consumers wait for.

use shipway_model::plan::{Deployed, Instance, PlannedPool, StepId};
use shipway_model::resource::Strategy;
use shipway_model::{BasisPoints, Name, Version};

use super::build::Builder;
use super::{Shipment, wave_label};
use crate::Rejection;
use crate::environment::InstanceState;

mod blue_green;
mod canary;
mod complete;
mod recreate;
mod rolling;

pub(super) fn lay(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    strategy: &Strategy,
    after: &[StepId],
) -> Result<Vec<StepId>, Rejection> {
    let exit = match (strategy, &shipment.from) {
        (_, Some(from)) if from.version == shipment.to.version => complete::lay(builder, shipment, after),
        // With nothing to compare with and nobody to move, every strategy comes down to starting by zone.
        (Strategy::BlueGreen(_) | Strategy::Canary(_) | Strategy::Recreate(_), None) => {
            rolling::lay(builder, shipment, &shipway_model::resource::strategy::Rolling::default(), after)
        }
        (Strategy::Rolling(rolling), _) => rolling::lay(builder, shipment, rolling, after),
        (Strategy::Recreate(_), Some(from)) => recreate::lay(builder, shipment, from, after),
        (Strategy::BlueGreen(it), Some(from)) => blue_green::lay(builder, shipment, from, it, after)?,
        (Strategy::Canary(it), Some(from)) => canary::lay(builder, shipment, from, it, after)?,
    };
    Ok(retire_strays(builder, shipment, exit))
}

/// Instances of other versions that an aborted rollout has left behind.
fn retire_strays(builder: &mut Builder<'_>, shipment: &Shipment<'_>, after: Vec<StepId>) -> Vec<StepId> {
    let ground = builder.ground;
    let Some(running) = ground.running else { return after };
    let is_expected = |version: &Version| {
        *version == shipment.to.version || shipment.from.as_ref().is_some_and(|it| it.version == *version)
    };
    let strays: Vec<_> = running
        .instances
        .iter()
        .filter(|(it, _)| it.service == shipment.name && !is_expected(&it.version))
        .filter(|(it, _)| !builder.retires(it))
        .filter(|(_, state)| ground.contracts.contains_key(&state.contract))
        .collect();
    let mut exit = after.clone();
    for (instance, state) in strays {
        let deployed = as_left(instance, state);
        exit.push(match state.status.address().filter(|_| !instance.version.is_control()) {
            Some(_) => builder.retire(&shipment.name, &deployed, &instance.target, &after),
            None => builder.clear(&shipment.name, &deployed, &instance.target, &after),
        });
    }
    exit
}

/// What an instance is, as far as it tells by itself.
fn as_left(instance: &Instance, state: &InstanceState) -> Deployed {
    Deployed {
        version: instance.version.clone(),
        artifact: state.artifact,
        variants: std::collections::BTreeMap::new(),
        contract: state.contract,
    }
}

/// Takes away what there is on `hosts` of the version that is replaced. What does not stand is not brought back.
fn retire_replaced(
    builder: &mut Builder<'_>,
    shipment: &Shipment<'_>,
    from: &Deployed,
    hosts: &[Name],
    after: &[StepId],
) -> Vec<StepId> {
    let ground = builder.ground;
    let mut retired = Vec::new();
    for host in hosts {
        let known = ground.known(&ground.instance(&shipment.name, from, host));
        match known.map(|it| it.status.address()) {
            Some(Some(_)) => retired.push(builder.retire(&shipment.name, from, host, after)),
            Some(None) => retired.push(builder.clear(&shipment.name, from, host, after)),
            None => {}
        }
    }
    retired
}

fn pool(version: &Version, weight_bp: BasisPoints, targets: &[Name]) -> PlannedPool {
    PlannedPool { version: version.clone(), weight_bp, targets: targets.to_vec() }
}

/// All hosts of the environment, in the order of zones.
fn hosts(builder: &Builder<'_>) -> Vec<Name> {
    builder.ground.targets.iter().map(|agent| agent.host.clone()).collect()
}

/// The hosts by zone, in the order of zones.
fn zones(builder: &Builder<'_>) -> Vec<(String, Vec<Name>)> {
    let label = wave_label(&builder.ground.environment);
    let mut zones: Vec<(String, Vec<Name>)> = Vec::new();
    for agent in &builder.ground.targets {
        let value = agent.label(label);
        let wave = if value.is_empty() { "all".to_owned() } else { format!("{label} {value}") };
        match zones.last_mut() {
            Some((zone, hosts)) if *zone == wave => hosts.push(agent.host.clone()),
            _ => zones.push((wave, vec![agent.host.clone()])),
        }
    }
    zones
}
