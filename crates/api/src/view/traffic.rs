//! What runs where, and which version receives which share.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{BasisPoints, Name, Version};

/// An instance of a service on a target.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TargetView {
    pub target: Name,
    /// The host's label `zone`; empty without one.
    pub zone: String,
    pub service: Name,
    pub version: Version,
    pub condition: TargetCondition,
    /// What the agent last said about it, when there was something to say.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Times that it ended by itself since it was started.
    #[serde(default)]
    pub crashes: u32,
    /// Where it is reached, once it is up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<SocketAddr>,
}

/// Always known: what an agent reported, or what was last ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetCondition {
    /// Ordered, not begun.
    Planned,
    Starting,
    Healthy,
    Unhealthy,
    /// Being drained and stopped.
    Stopping,
    /// It did not come up, and was taken away again.
    Failed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrafficView {
    pub service: Name,
    /// Where the router listens for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub listen: Option<SocketAddr>,
    /// The weights sum to 10000 unless nothing is routed.
    pub pools: Vec<PoolView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PoolView {
    pub version: Version,
    pub weight_bp: BasisPoints,
    pub targets: Vec<Name>,
}

impl TargetCondition {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Starting => "starting",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
            Self::Stopping => "stopping",
            Self::Failed => "failed",
        }
    }
}
