//! An environment: what runs where, who carries its traffic, and who waits to come in.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::release::ReleaseRef;
use shipway_model::resource::environment::Concurrency;
use shipway_model::stray::Stray;
use shipway_model::{Millis, Name, RolloutId};

use super::rollout::RolloutSummary;
use super::traffic::{TargetView, TrafficView};

/// An environment in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentSummary {
    pub name: Name,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub promotes_from: Option<Name>,
    /// Hosts that belong to it.
    pub hosts: Vec<Name>,
    /// The release that was last shipped here whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseRef>,
    /// Rollouts that have not ended, first come first.
    pub live: Vec<RolloutId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnvironmentView {
    #[serde(flatten)]
    pub summary: EnvironmentSummary,
    pub targets: Vec<TargetView>,
    pub traffic: Vec<TrafficView>,
    pub concurrency: Concurrency,
}

/// Something on a host that no order put there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StrayView {
    pub host: Name,
    #[serde(flatten)]
    pub stray: Stray,
    pub since: Timestamp,
}

/// Who may work now, who waits, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueueView {
    pub environment: Name,
    pub concurrency: Concurrency,
    /// Rollouts under way.
    pub running: Vec<RolloutSummary>,
    /// In the order in which they will start.
    pub queued: Vec<QueuedView>,
    /// What the latest rollouts that ended here cost the runners; nothing while none has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost: Option<RunnerCost>,
    /// What other limits would have given, smallest first; empty while nothing has ended here.
    pub forecasts: Vec<Forecast>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QueuedView {
    pub rollout: RolloutId,
    pub release: ReleaseRef,
    /// From 1.
    pub position: u32,
    pub since: Timestamp,
    /// A sentence; empty when it starts at once.
    pub why: String,
    /// What ends the wait.
    pub until: String,
    /// The rollouts that it waits behind.
    pub behind: Vec<RolloutId>,
}

/// How long agents were kept busy by the steps of rollouts, all hosts together.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunnerCost {
    /// How many rollouts were counted.
    pub rollouts: u32,
    pub busy_total: Millis,
    pub busy_mean: Millis,
}

/// How long the latest rollouts would have waited for their turn with another limit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Forecast {
    /// The limit: rollouts under way at once.
    pub rollouts: u32,
    pub wait_mean: Millis,
    pub wait_max: Millis,
}
