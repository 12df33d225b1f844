//! What a traffic router is told: for one service in one environment, which versions receive which share.

use std::net::SocketAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{BasisPoints, Millis, Name, Version};

/// The header that asks for one version by name, for previews and journeys, whatever its weight.
pub const VERSION_HEADER: &str = "x-shipway-version";

/// The whole desired routing of one service in one environment. It replaces what stood before as one piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Route {
    pub environment: Name,
    pub service: Name,
    /// The address that the router listens on for this service.
    pub listen: SocketAddr,
    /// Fence: a router refuses a route whose revision is below the one it holds.
    pub revision: u64,
    /// Pools by version; the weights sum to 10000 unless no pool has a backend.
    pub pools: Vec<Pool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health: Option<HealthProbe>,
    /// How long a backend that left the route may finish the requests and connections it has.
    pub drain: Millis,
}

/// The backends of one version and their share of the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Pool {
    pub version: Version,
    /// Zero is allowed: the pool is then reachable by the version header alone (a preview).
    pub weight_bp: BasisPoints,
    pub backends: Vec<Backend>,
}

/// One instance that can answer.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Backend {
    pub target: Name,
    pub address: SocketAddr,
}

/// Sessions that stay where they are. The cookie holds a random bucket (0 to 9999) that is compared with the
/// cumulative weights, so as a weight grows a session moves at most once, and never back and forth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sticky {
    pub cookie: String,
    pub ttl: Millis,
}

/// How a router itself looks at backends between reports from the agents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealthProbe {
    pub path: String,
    pub interval: Millis,
    pub timeout: Millis,
    /// Failures in a row after which a backend receives nothing until it answers again.
    pub failure_limit: u32,
}
