//! What else bears on a release where it goes: who runs there, who is on the way there, and how the environment before it
//! differs.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::evidence::Kind;
use shipway_model::gate::facts::{Comparison, Evidence, Neighbour, Service, Surroundings};
use shipway_model::plan::Deployed;
use shipway_model::resource::service::Dependency;
use shipway_model::{Digest, EvidenceId, Name, RolloutId};

use super::about;
use crate::environment::parity;
use crate::{Phase, State};

pub(super) fn surroundings(
    state: &State,
    environment: &Name,
    release: Digest,
    services: &BTreeMap<Name, Service>,
    has_contracts: bool,
    at: Timestamp,
    normals: &mut BTreeMap<EvidenceId, Digest>,
) -> Surroundings {
    let mut neighbours = neighbours(state, environment, release, services);
    let is_known = |it: &Neighbour| it.artifacts.iter().any(|it| has_contract(state, it));
    // Without a contract on either side, only those that rely on something can be told anything.
    neighbours.retain(|it| has_contracts || !it.relies_on.is_empty() || is_known(it));
    let mut kept = BTreeMap::new();
    let parties: Vec<(&Name, &BTreeSet<Digest>)> =
        neighbours.iter().map(|it| (&it.service, &it.artifacts)).collect();
    let mut contracts: Vec<Evidence> = about(state, parties.into_iter(), None, at, &mut kept);
    contracts.retain(|it| it.kinds.contains(&Kind::Contracts));
    normals.extend(contracts.iter().filter_map(|it| Some((it.id, *kept.get(&it.id)?))));
    Surroundings {
        neighbours,
        contracts,
        parity: comparison(state, environment),
        // Whoever asks the gates asks the tools, if a gate wants that.
        alert_rules: BTreeMap::new(),
        dashboards: None,
        scale: state.catalogue.environment(environment).map(|it| it.scale).unwrap_or_default(),
    }
}

fn has_contract(state: &State, artifact: &Digest) -> bool {
    state.evidence.about(artifact).any(|it| it.evidence.kinds.contains(&Kind::Contracts))
}

/// Other services that run, and every build that another rollout brings.
fn neighbours(
    state: &State,
    environment: &Name,
    release: Digest,
    services: &BTreeMap<Name, Service>,
) -> Vec<Neighbour> {
    let Some(there) = state.environments.get(environment) else { return Vec::new() };
    let build = |name: &Name, deployed: &Deployed, rollout: Option<RolloutId>| Neighbour {
        service: name.clone(),
        version: deployed.version.clone(),
        artifacts: std::iter::once(deployed.artifact).chain(deployed.variants.values().copied()).collect(),
        rollout,
        relies_on: relies_on(state, name).filter(|it| services.contains_key(it)).collect(),
    };
    let running = there.services.iter().filter(|(name, _)| !services.contains_key(*name));
    let mut found: Vec<Neighbour> = running.map(|(name, it)| build(name, &it.deployed, None)).collect();
    for id in there.queue.iter().chain(&there.running) {
        let Some(rollout) = state.rollouts.live.get(id) else { continue };
        let is_other = rollout.plan.release.digest != release && !matches!(rollout.phase, Phase::Ended(_));
        let changed = rollout.plan.services.iter().filter(|it| it.from.as_ref() != Some(&it.to));
        found.extend(changed.filter(|_| is_other).map(|it| build(&it.service, &it.to, Some(*id))));
    }
    found.sort_by(|a, b| (&a.service, a.rollout).cmp(&(&b.service, b.rollout)));
    found
}

/// Services that a service is declared to depend on.
pub(super) fn relies_on<'s>(state: &'s State, name: &Name) -> impl Iterator<Item = Name> + 's {
    let declared = state.catalogue.service(name).into_iter().flat_map(|it| &it.depends_on);
    declared.filter_map(|it| match it {
        Dependency::Service(name) => Some(name.clone()),
        Dependency::Vendor(_) | Dependency::Library(_) => None,
    })
}

fn comparison(state: &State, environment: &Name) -> Option<Comparison> {
    let with = state.catalogue.environment(environment)?.promotes_from?;
    let differences = parity::differences(state, &with, environment)?;
    Some(Comparison { with, differences })
}
