//! Hosts and their agents.

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::plan::Instance;
use shipway_model::resource::service::Deployment;
use shipway_model::{Digest, Name};

use super::traffic::TargetView;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AgentView {
    pub host: Name,
    pub address: IpAddr,
    pub labels: BTreeMap<String, String>,
    pub connection: Connection,
    /// By the control plane's clock; absent when not heard of since the control plane started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard_at: Option<Timestamp>,
    /// What runs, or should run, on it.
    pub instances: Vec<TargetView>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Connection {
    Connected,
    /// Not heard of for longer than an agent may be silent. What it runs goes on running.
    Silent,
    /// Of an earlier instant: who was heard of when is not in the ledger.
    Unrecorded,
}

/// Everything that should run on a host; an agent that was cut off reconciles with it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Orders {
    /// Grows with every change; the ledger's size when it was read.
    pub revision: u64,
    pub instances: Vec<OrderedInstance>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderedInstance {
    pub instance: Instance,
    pub artifact: Digest,
    pub contract: Deployment,
}
