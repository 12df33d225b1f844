//! What a request is about, read from the names of its fields: so that an operation cannot be added whose environment or
//! service authorisation overlooks.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shipway_api::ReleaseSelector;
use shipway_engine::alert::{ENVIRONMENT_LABELS, SERVICE_LABELS, environment_of, service_of};
use shipway_engine::{Release, State};
use shipway_model::access::{Thing, ThingKind};
use shipway_model::release::Class;
use shipway_model::resource::{Kind, Spec};
use shipway_model::{ChangeId, Name, ReleaseId, RolloutId};

/// The fields under which bodies keep what narrows them.
const NESTED: [&str; 2] = ["scope", "exception"];

/// Everything that a request names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) environments: BTreeSet<Name>,
    /// With the teams that own them.
    pub(crate) services: BTreeMap<Name, Option<Name>>,
    pub(crate) release: Option<ReleaseId>,
    pub(crate) rollout: Option<RolloutId>,
    /// What is named and not known yet, for example the release that is about to be made.
    release_name: Option<String>,
}

impl Subject {
    /// Of the operation's path, query and body as JSON, looked up in the state.
    pub(crate) fn of(state: &State, parts: [&Value; 3]) -> Self {
        let mut subject = Self::default();
        for part in parts {
            subject.read(state, part);
            for nested in NESTED.iter().filter_map(|it| part.get(it)) {
                subject.read(state, nested);
            }
        }
        subject.own(state);
        subject
    }

    fn read(&mut self, state: &State, part: &Value) {
        self.environments.extend(names(part, &["environment", "environments"]));
        for service in names(part, &["service", "services"]) {
            self.services.insert(service, None);
        }
        for alert in part.get("alerts").and_then(Value::as_array).into_iter().flatten() {
            let labels = alert.get("labels").unwrap_or(&Value::Null);
            self.environments.extend(names(labels, &ENVIRONMENT_LABELS).into_iter().take(1));
            self.services.extend(names(labels, &SERVICE_LABELS).into_iter().take(1).map(|it| (it, None)));
        }
        if let Some(parts) = part.get("parts").and_then(Value::as_object) {
            self.services.extend(parts.keys().filter_map(|it| Some((it.parse().ok()?, None))));
        }
        let text = |key: &str| part.get(key).and_then(Value::as_str);
        if let Some(rollout) = text("rollout").and_then(|it| it.parse().ok()) {
            self.of_rollout(state, rollout);
        }
        // A change has the number of its rollout.
        if let Some(change) = text("change").and_then(|it| it.parse::<ChangeId>().ok()) {
            self.of_rollout(state, change.rollout());
        }
        if let Some(alert) = text("alert").and_then(|it| state.alerts.get(it.parse().ok()?)) {
            self.environments.extend(environment_of(state, &alert.alert));
            self.services.extend(service_of(state, &alert.alert).map(|it| (it, None)));
        }
        if let Some(runbook) = text("runbook").and_then(|it| it.parse().ok())
            && let Ok((runbook, _)) = shipway_engine::runbook::known(state, &runbook)
        {
            self.services.extend(runbook.services.iter().map(|it| (it.clone(), None)));
        }
        if let Some(selector) = text("release").and_then(|it| it.parse().ok()) {
            self.of_release(state, &selector);
        }
        if let (Some(kind), Some(name)) = (text("kind"), text("name").and_then(|it| it.parse().ok())) {
            match kind {
                "Environment" => drop(self.environments.insert(name)),
                "Service" => drop(self.services.insert(name, None)),
                _ => {}
            }
        }
    }

    fn of_rollout(&mut self, state: &State, id: RolloutId) {
        self.rollout = Some(id);
        let live = state.rollouts.live.get(&id).map(|it| (&it.plan.environment, it.plan.release.id));
        let ended = || state.rollouts.summaries.get(&id).map(|it| (&it.environment, it.release.id));
        if let Some((environment, release)) = live.or_else(ended) {
            self.environments.insert(environment.clone());
            self.of_release(state, &ReleaseSelector::Id(release));
        }
    }

    fn of_release(&mut self, state: &State, selector: &ReleaseSelector) {
        let found = match selector {
            ReleaseSelector::Id(id) => state.releases.get(*id),
            ReleaseSelector::Version(name, version) => state.releases.find(name, version),
        };
        self.release_name = Some(found.map_or_else(|| selector.to_string(), name_of));
        if let Some(release) = found {
            self.release = Some(release.id);
            self.services.extend(release.bundle.parts.keys().map(|it| (it.clone(), None)));
        }
    }

    fn own(&mut self, state: &State) {
        for (service, owner) in &mut self.services {
            *owner = state.catalogue.service(service).map(|it| it.owner.clone());
        }
    }

    /// The type of the change that the rollout has opened; else what the release says that it is.
    pub(crate) fn change_type(&self, state: &State) -> Option<Class> {
        let of_change = || Some(state.changes.of(self.rollout?)?.change.class);
        let of_release = || Some(state.releases.get(self.release?)?.bundle.class);
        of_change().or_else(of_release)
    }

    /// The regulations over the data that the services handle.
    pub(crate) fn regulations(&self, state: &State) -> BTreeSet<Name> {
        let declared = self.services.keys().filter_map(|it| state.catalogue.service(it));
        let data: BTreeSet<&Name> = declared.flat_map(|it| &it.data_classes).collect();
        if data.is_empty() {
            return BTreeSet::new();
        }
        let all = state.catalogue.of_kind(Kind::Regulation);
        let covering = all.filter(|(_, it)| match &it.spec {
            Spec::Regulation(it) => it.data_classes.iter().any(|it| data.contains(it)),
            _ => false,
        });
        covering.map(|(key, _)| key.name.clone()).collect()
    }

    /// The release as policies name it.
    pub(crate) fn release_name(&self) -> Option<&str> {
        self.release_name.as_deref()
    }

    /// The most particular thing that is named.
    pub(crate) fn thing(&self, environment: Option<&Name>) -> Thing {
        let of = |kind, name: String| Thing { kind, name };
        if let Some(rollout) = self.rollout {
            return of(ThingKind::Rollout, rollout.to_string());
        }
        match (environment, &self.release_name, self.services.keys().next()) {
            // A rollout that is not there yet.
            (Some(_), Some(_), _) => of(ThingKind::Rollout, "new".to_owned()),
            (Some(environment), None, _) => of(ThingKind::Environment, environment.to_string()),
            (None, Some(release), _) => of(ThingKind::Release, release.clone()),
            (None, None, Some(service)) if self.services.len() == 1 => {
                of(ThingKind::Service, service.to_string())
            }
            _ => of(ThingKind::ControlPlane, "shipway".to_owned()),
        }
    }
}

fn name_of(release: &Release) -> String {
    format!("{}@{}", release.bundle.name, release.bundle.version)
}

/// The names under these keys, one or a list.
fn names(part: &Value, keys: &[&str]) -> Vec<Name> {
    let values = keys.iter().filter_map(|key| part.get(key));
    let texts = values.flat_map(|it| match it {
        Value::Array(items) => items.iter().filter_map(Value::as_str).collect(),
        other => Vec::from_iter(other.as_str()),
    });
    texts.filter_map(|it| it.parse().ok()).collect()
}

/// Whether the environment keeps those who make a release apart from those who let it pass.
pub(crate) fn is_segregated(state: &State, environment: &Name) -> bool {
    state.catalogue.environment(environment).is_some_and(|it| it.segregation_of_duties == Some(true))
}

/// The teams to which whoever acts under this name belongs.
pub(crate) fn teams(state: &State, actor: &str) -> BTreeSet<Name> {
    let who = state.access.identity(actor);
    let is_member = |members: &BTreeSet<String>| {
        members.contains(actor) || members.iter().any(|it| state.access.identity(it) == who)
    };
    let named = state.access.groups(actor);
    let is_grouped = |groups: &BTreeSet<String>| named.is_some_and(|it| !it.is_disjoint(groups));
    let teams = state.catalogue.of_kind(Kind::Team).filter_map(|(key, resource)| match &resource.spec {
        Spec::Team(team) if is_member(&team.members) || is_grouped(&team.groups) => Some(key.name.clone()),
        _ => None,
    });
    teams.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(part: Value, environments: &[&str], services: &[&str], thing: &str) {
        let subject = Subject::of(&State::default(), [&part, &Value::Null, &Value::Null]);
        assert_eq!(subject.environments.iter().map(Name::as_str).collect::<Vec<_>>(), environments);
        assert_eq!(subject.services.keys().map(Name::as_str).collect::<Vec<_>>(), services);
        assert_eq!(subject.thing(subject.environments.first()).to_string(), thing);
    }

    #[test]
    fn what_is_named_is_found_wherever_bodies_name_it() {
        check(json!({ "environment": "production" }), &["production"], &[], "Environment production");
        check(json!({ "kind": "Environment", "name": "staging" }), &["staging"], &[], "Environment staging");
        check(json!({ "kind": "Service", "name": "web" }), &[], &["web"], "Service web");
        check(json!({ "scope": { "environment": "staging" } }), &["staging"], &[], "Environment staging");
        check(json!({ "scope": "everything" }), &[], &[], "ControlPlane shipway");
        check(
            json!({ "parts": { "web": {}, "checkout": {} } }),
            &[],
            &["checkout", "web"],
            "ControlPlane shipway",
        );
        let start = json!({ "release": "shop@1.0.0", "environment": "production" });
        check(start, &["production"], &[], "Rollout new");
        check(json!({ "release": "shop@1.0.0" }), &[], &[], "Release shop@1.0.0");
        let both = json!({ "scope": { "environments": ["eu", "us"], "services": ["web"] } });
        check(both, &["eu", "us"], &["web"], "Environment eu");
        let alert = json!({ "labels": { "job": "web", "env": "staging", "alertname": "x" } });
        check(json!({ "alerts": [alert] }), &["staging"], &["web"], "Environment staging");
        check(json!({ "environment": "../production" }), &[], &[], "ControlPlane shipway");
    }
}
