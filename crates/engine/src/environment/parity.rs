//! Two environments side by side: where one is not like the other.

use std::collections::{BTreeMap, BTreeSet};

use shipway_model::Name;
use shipway_model::gate::facts::Difference;
use shipway_model::resource::service::SecretRef;
use shipway_model::resource::{Environment, Service};

use crate::{Agent, State};

/// What can be compared of an environment, by name.
type Traits = BTreeMap<String, String>;

/// Every trait that differs, in the order of their names; nothing when one of them is not declared. Services that are not
/// shipped to both are told by their version alone.
///
/// The names begin with what they are about: `topology/`, `capacity/`, `versions/`, `settings/`, `secrets/` (which there
/// are, never what they hold), `way/` (how releases enter), and `characteristics/` as they are declared.
pub fn differences(state: &State, there: &Name, here: &Name) -> Option<Vec<Difference>> {
    let (theirs, ours) = (traits(state, there)?, traits(state, here)?);
    let names: BTreeSet<&String> = theirs.keys().chain(ours.keys()).collect();
    let differing = names.into_iter().filter(|name| theirs.get(*name) != ours.get(*name));
    Some(
        differing
            .map(|name| Difference {
                name: name.clone(),
                there: theirs.get(name).cloned(),
                here: ours.get(name).cloned(),
            })
            .collect(),
    )
}

fn traits(state: &State, name: &Name) -> Option<Traits> {
    let declared = state.catalogue.environment(name)?;
    let mut found = Traits::new();
    hosts(state, &declared, &mut found);
    way(&declared, &mut found);
    for (key, value) in &declared.characteristics {
        found.insert(format!("characteristics/{key}"), value.clone());
    }
    let shipped = state.environments.get(name).map(|it| &it.services);
    for (service, it) in shipped.into_iter().flatten() {
        found.insert(format!("versions/{service}"), it.deployed.version.to_string());
    }
    let named = declared.variables.keys().chain(declared.secrets.keys());
    let services: BTreeSet<&Name> = named.chain(shipped.into_iter().flat_map(|it| it.keys())).collect();
    for service in services {
        settings(service, state.catalogue.service(service), &declared, &mut found);
    }
    Some(found)
}

/// How many hosts there are in how many zones, and what they say of themselves.
fn hosts(state: &State, declared: &Environment, found: &mut Traits) {
    let labels = &declared.targets;
    let hosts: Vec<&Agent> =
        state.agents.iter().filter(|it| !labels.is_empty() && it.has_labels(labels)).collect();
    let wave = declared.wave_by.as_deref().unwrap_or("zone");
    let zones: BTreeSet<&str> = hosts.iter().map(|it| it.label(wave)).collect();
    found.insert("capacity/targets".to_owned(), hosts.len().to_string());
    found.insert("topology/zones".to_owned(), zones.len().to_string());
    // What all hosts say alike tells of the environment; the labels by which it is told from others do not.
    let own = |key: &str| labels.contains_key(key) || key == wave;
    let keys: BTreeSet<&String> =
        hosts.iter().flat_map(|it| it.labels.keys()).filter(|it| !own(it)).collect();
    for key in keys {
        let values: BTreeSet<&str> = hosts.iter().map(|it| it.label(key)).collect();
        let shown: Vec<&str> = values.into_iter().collect();
        found.insert(format!("topology/labels/{key}"), shown.join(", "));
    }
}

/// By which pipeline and strategies releases enter, and who routes.
fn way(declared: &Environment, found: &mut Traits) {
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            found.insert(format!("way/{key}"), value);
        }
    };
    put("pipeline", declared.pipeline.as_ref().map(ToString::to_string));
    put("strategy", declared.strategy.as_ref().map(ToString::to_string));
    for (service, strategy) in &declared.strategies {
        put(&format!("strategies/{service}"), Some(strategy.to_string()));
    }
    put("router", Some(if declared.router.is_some() { "routed" } else { "not routed" }.to_owned()));
}

fn settings(name: &Name, service: Option<&Service>, declared: &Environment, found: &mut Traits) {
    let of_service = service.map(|it| &it.deployment.environment);
    let of_environment = declared.variables.get(name);
    for (key, value) in of_service.into_iter().chain(of_environment).flatten() {
        found.insert(format!("settings/{name}/{key}"), value.clone());
    }
    let of_service = service.map(|it| &it.deployment.secrets);
    let of_environment = declared.secrets.get(name);
    for (key, source) in of_service.into_iter().chain(of_environment).flatten() {
        let kind = match source {
            SecretRef::File(_) => "a file",
            SecretRef::Env(_) => "a variable",
        };
        found.insert(format!("secrets/{name}/{key}"), kind.to_owned());
    }
}
