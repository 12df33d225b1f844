//! What stands of a service before a rollout: what it replaces, and goes back to.
//!
//! That is what the last rollout that ended well has left, as long as any of it stands. A rollout that was aborted may have
//! taken it away; then it is what stands on most targets, whoever left it. Nobody goes back to what is gone.

use std::collections::BTreeMap;

use shipway_model::plan::{Deployed, Instance};
use shipway_model::{Name, Version};

use super::Ground;
use crate::environment::InstanceState;

impl Ground<'_> {
    /// What a shipment of `to` replaces; nothing when nothing of the service stands.
    pub(super) fn replaced(&self, service: &Name, to: &Deployed) -> Option<Deployed> {
        let recorded = self.running?.services.get(service).map(|it| &it.deployed);
        let stands = |it: &&Deployed| !self.stands(service, it).is_empty();
        recorded.filter(stands).cloned().or_else(|| self.left(service, to))
    }

    /// The targets on which it stands, in the order of waves.
    pub(super) fn stands(&self, service: &Name, deployed: &Deployed) -> Vec<Name> {
        let hosts = self.targets.iter().map(|agent| &agent.host);
        let stands = |host: &&Name| {
            let known = self.known(&self.instance(service, deployed, host));
            known.is_some_and(|it| it.status.address().is_some())
        };
        hosts.filter(stands).cloned().collect()
    }

    /// What is known of an instance, whether it stands or not.
    pub(super) fn known(&self, instance: &Instance) -> Option<&InstanceState> {
        self.running?.instances.get(instance).map(|it| &**it)
    }

    /// Whether anything of other versions is left, running or in the route.
    pub(super) fn has_others(&self, service: &Name, deployed: &Deployed) -> bool {
        let Some(running) = self.running else { return false };
        let mut instances = running.instances.keys().filter(|it| it.service == *service);
        instances.any(|it| it.version != deployed.version) || self.is_shared(service, deployed)
    }

    /// Whether other versions have a part in the route.
    pub(super) fn is_shared(&self, service: &Name, deployed: &Deployed) -> bool {
        let routed = self.running.and_then(|it| it.routes.get(service));
        routed.is_some_and(|it| it.pools.iter().any(|pool| pool.version != deployed.version))
    }

    /// The version that stands on most targets, a fresh control aside; of two, the one that is wanted, or else the newer one.
    fn left(&self, service: &Name, to: &Deployed) -> Option<Deployed> {
        let mut versions: BTreeMap<&Version, Vec<(&Instance, &InstanceState)>> = BTreeMap::new();
        let of_service = self.running?.instances.iter().filter(|(it, state)| {
            it.service == *service
                && !it.version.is_control()
                && state.status.address().is_some()
                && self.contracts.contains_key(&state.contract)
                && self.targets.iter().any(|agent| agent.host == it.target)
        });
        for (instance, state) in of_service {
            versions.entry(&instance.version).or_default().push((instance, state));
        }
        let most = versions.iter().max_by_key(|(it, found)| (found.len(), **it == &to.version, **it));
        let (version, found) = most?;
        let as_wanted = |(instance, state): &(&Instance, &InstanceState)| {
            let artifact = to.variants.get(&instance.target).unwrap_or(&to.artifact);
            (state.artifact, state.contract) == (*artifact, to.contract)
        };
        if **version == to.version && found.iter().all(as_wanted) {
            return Some(to.clone());
        }
        let (_, first) = found.first()?;
        let other = found.iter().filter(|(_, state)| state.artifact != first.artifact);
        Some(Deployed {
            version: (*version).clone(),
            artifact: first.artifact,
            variants: other.map(|(it, state)| (it.target.clone(), state.artifact)).collect(),
            contract: first.contract,
        })
    }
}
