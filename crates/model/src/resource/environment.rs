//! An environment: which targets it has, in which zones, who routes its traffic, and how releases enter it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::metric::Source;
use super::service::SecretRef;
use super::strategy::OnHarm;
use crate::{Millis, Name};

/// Everything is optional so that an environment can inherit it: what a child says stands, maps are merged key by
/// key, and what nobody says has the default named here.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Environment {
    /// The Environment to inherit from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub extends: Option<Name>,
    /// A release must have been shipped there, whole and unchanged, before it may come here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotes_from: Option<Name>,
    /// Which hosts belong to it: those whose labels include all of these.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub targets: BTreeMap<String, String>,
    /// The label whose values make the waves: `zone` when absent, or for example `region` or `cell`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wave_by: Option<String>,
    /// The order of zones (values of the label of the waves); zones that are not named follow in alphabetical order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub zones: Vec<String>,
    /// The Pipeline that releases go through; without one, they are deployed and verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pipeline: Option<Name>,
    /// The Strategy of services that are not named in `strategies`; rolling when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Name>,
    /// Strategies by service.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub strategies: BTreeMap<Name, Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub router: Option<RouterConfig>,
    /// Where analyses get metrics that the router does not count, by the name that queries use.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<Name, Source>,
    /// Where alerts that a step is expected to raise are silenced for as long as it takes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alertmanager: Option<Alertmanager>,
    /// What becomes of a rollout when the agent of a target that has its new version is not heard of for a minute; it is
    /// only told when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_target_lost: Option<OnHarm>,
    /// What an alert from outside does to the rollout, or within the window of its watch, that ships the service of which it
    /// tells; it is only told when absent. See `POST /api/v1/alerts`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_alert: Option<OnHarm>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<Concurrency>,
    /// Environment variables by service, over those of the service's own contract.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<Name, BTreeMap<String, String>>,
    /// Secrets by service, over those of the service's own contract.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<Name, BTreeMap<String, SecretRef>>,
    /// How long a step that needs an agent waits for it to answer; 10 minutes when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_timeout: Option<Millis>,
    /// Whoever had a hand in a release neither approves nor ships it here: authors of its commits, its builder, editors of
    /// the rules that judge it. Not when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segregation_of_duties: Option<bool>,
    /// Every rollout into it, or onto one of its targets, opens a change, and begins only when the change may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub protected: Option<bool>,
    /// The ChangePolicy that judges its changes, which makes it protected too; the built-in one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_policy: Option<Name>,
    /// From when on it was promised, where it is not there yet: schedules count on it from then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub available_from: Option<jiff::Timestamp>,
    /// What of it cannot be seen from here and matters when it is compared with another: segmentation, latency, capacity.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub characteristics: BTreeMap<String, String>,
    /// How much it holds and bears, so that a load test elsewhere can be told from one that comes up to it.
    #[serde(default, skip_serializing_if = "Scale::is_empty")]
    pub scale: Scale,
    /// Where gates look up the dashboards that services declare.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grafana: Option<Grafana>,
}

/// How much an environment holds and bears.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Scale {
    /// By data set: rows, files or megabytes, each in the same unit wherever its name is used.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<Name, u64>,
    /// By service, at its busiest.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub requests_per_second: BTreeMap<Name, u64>,
}

impl Scale {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The router that carries the environment's traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RouterConfig {
    /// Where the router is told its routes, for example `http://127.0.0.1:7200`. The token that it may ask for is the
    /// control plane's own variable `SHIPWAY_ROUTER_TOKEN`.
    pub admin: String,
    /// Where each service is reached. Services without an entry receive no routed traffic.
    #[serde(default)]
    #[schemars(with = "BTreeMap<Name, SocketAddress>")]
    pub listen: BTreeMap<Name, SocketAddr>,
}

/// An IP address and a port, as the schema tells it.
#[derive(JsonSchema)]
#[schemars(with = "String", example = "127.0.0.1:8080", example = "[::1]:8080")]
struct SocketAddress;

/// An Alertmanager with its v2 API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alertmanager {
    /// For example `http://127.0.0.1:9093`.
    pub url: String,
    /// The control plane's environment variable that holds a bearer token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_variable: Option<String>,
}

/// A Grafana with its HTTP API.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Grafana {
    /// For example `http://127.0.0.1:3000`.
    pub url: String,
    /// The control plane's environment variable that holds the token of a service account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_variable: Option<String>,
}

/// How much may happen at once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Concurrency {
    /// Rollouts under way; further ones queue, and teams take turns.
    #[serde(default = "rollouts_default")]
    #[schemars(range(min = 1, max = 1000))]
    pub rollouts: u32,
    /// Steps under way over all rollouts of the environment.
    #[serde(default = "steps_default")]
    #[schemars(range(min = 1, max = 10000))]
    pub steps: u32,
}

fn rollouts_default() -> u32 {
    1
}

fn steps_default() -> u32 {
    32
}

impl Default for Concurrency {
    fn default() -> Self {
        Self { rollouts: rollouts_default(), steps: steps_default() }
    }
}

impl Environment {
    /// Whether its rollouts open changes.
    pub fn is_protected(&self) -> bool {
        self.protected.unwrap_or(self.change_policy.is_some())
    }

    /// What this environment is, over what it inherits.
    #[must_use]
    pub fn over(&self, parent: &Self) -> Self {
        let child = self.clone();
        Self {
            extends: None,
            promotes_from: child.promotes_from.or_else(|| parent.promotes_from.clone()),
            targets: merged(&parent.targets, child.targets),
            wave_by: child.wave_by.or_else(|| parent.wave_by.clone()),
            zones: if child.zones.is_empty() { parent.zones.clone() } else { child.zones },
            pipeline: child.pipeline.or_else(|| parent.pipeline.clone()),
            strategy: child.strategy.or_else(|| parent.strategy.clone()),
            strategies: merged(&parent.strategies, child.strategies),
            router: child.router.or_else(|| parent.router.clone()),
            metrics: merged(&parent.metrics, child.metrics),
            on_target_lost: child.on_target_lost.or(parent.on_target_lost),
            on_alert: child.on_alert.or(parent.on_alert),
            alertmanager: child.alertmanager.or_else(|| parent.alertmanager.clone()),
            concurrency: child.concurrency.or_else(|| parent.concurrency.clone()),
            variables: merged_maps(&parent.variables, child.variables),
            secrets: merged_maps(&parent.secrets, child.secrets),
            step_timeout: child.step_timeout.or(parent.step_timeout),
            segregation_of_duties: child.segregation_of_duties.or(parent.segregation_of_duties),
            protected: child.protected.or(parent.protected),
            change_policy: child.change_policy.or_else(|| parent.change_policy.clone()),
            available_from: child.available_from.or(parent.available_from),
            characteristics: merged(&parent.characteristics, child.characteristics),
            scale: Scale {
                data: merged(&parent.scale.data, child.scale.data),
                requests_per_second: merged(
                    &parent.scale.requests_per_second,
                    child.scale.requests_per_second,
                ),
            },
            grafana: child.grafana.or_else(|| parent.grafana.clone()),
        }
    }
}

fn merged<K: Ord + Clone, V: Clone>(parent: &BTreeMap<K, V>, child: BTreeMap<K, V>) -> BTreeMap<K, V> {
    let mut all = parent.clone();
    all.extend(child);
    all
}

fn merged_maps<V: Clone>(
    parent: &BTreeMap<Name, BTreeMap<String, V>>,
    child: BTreeMap<Name, BTreeMap<String, V>>,
) -> BTreeMap<Name, BTreeMap<String, V>> {
    let mut all = parent.clone();
    for (service, values) in child {
        all.entry(service).or_default().extend(values);
    }
    all
}
