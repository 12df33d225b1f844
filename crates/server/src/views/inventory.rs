//! What runs where, with what it depends on.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_api::view::inventory::{Installed, Inventory, Migrated};
use shipway_api::view::resource::Relation;
use shipway_engine::environment::Shipped;
use shipway_engine::{EnvironmentState, State};
use shipway_model::Name;
use shipway_model::event::End;
use shipway_model::release::Document;
use shipway_model::resource::{Key, Kind, Spec};

use super::resource;

pub(crate) fn view(state: &State, at: Timestamp) -> Inventory {
    let migrated = migrated(state);
    let places = state.environments.iter().flat_map(|(place, known)| {
        known.services.iter().map(move |(service, shipped)| (place, known, service, shipped))
    });
    let installed = |(place, known, service, shipped): (&Name, &EnvironmentState, &Name, &Shipped)| {
        let key = Key { kind: Kind::Service, name: service.clone() };
        let declared = state.catalogue.get(&key);
        let spec = declared.and_then(|it| match &it.spec {
            Spec::Service(it) => Some(it),
            _ => None,
        });
        Installed {
            environment: place.clone(),
            service: service.clone(),
            version: shipped.deployed.version.clone(),
            release: shipped.release.clone(),
            artifact: shipped.deployed.artifact,
            configuration: shipped.deployed.contract,
            migrations: migrated.get(&(place, service)).cloned(),
            since: shipped.since,
            hosts: hosts(known, service),
            owner: spec.map(|it| it.owner.clone()),
            tier: spec.map(|it| it.tier),
            description: declared.map(|it| it.metadata.description.clone()).unwrap_or_default(),
        }
    };
    let mut relations = resource::graph(&state.catalogue).edges;
    relations
        .retain(|it| matches!(it.relation, Relation::DependsOn | Relation::OwnedBy | Relation::FailsOverTo));
    Inventory { at, items: places.map(installed).collect(), relations }
}

fn hosts(known: &EnvironmentState, service: &Name) -> Vec<Name> {
    let there = known.instances.keys().filter(|it| it.service == *service);
    there.map(|it| it.target.clone()).collect::<BTreeSet<Name>>().into_iter().collect()
}

/// By environment and service: the migrations of the newest release that arrived there whole and carried some. Whatever was
/// taken back has not arrived.
pub(crate) fn migrated(state: &State) -> BTreeMap<(&Name, &Name), Migrated> {
    let mut found = BTreeMap::new();
    // The oldest first, so that the newest stays.
    for summary in state.rollouts.summaries.values() {
        let arrived = matches!(summary.end, Some(End::Succeeded { .. })) && summary.fallback.is_none();
        let release = state.releases.get(summary.release.id).filter(|_| arrived);
        let Some(release) = release else { continue };
        let Some(digest) = release.bundle.documents.get(&Document::Migrations) else { continue };
        for service in release.bundle.parts.keys() {
            let migrated = Migrated { release: summary.release.clone(), digest: *digest };
            found.insert((&summary.environment, service), migrated);
        }
    }
    found
}
