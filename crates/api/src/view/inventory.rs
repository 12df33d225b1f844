//! What runs where, with what it depends on: the content of a configuration management database.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::release::ReleaseRef;
use shipway_model::{Digest, Name, Version};

use super::resource::Edge;

/// All of it at one instant.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Inventory {
    pub at: Timestamp,
    /// By environment, then by service.
    pub items: Vec<Installed>,
    /// Between services, libraries, vendors and the teams that answer for them, as they are declared.
    pub relations: Vec<Edge>,
}

/// One service in one environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Installed {
    pub environment: Name,
    pub service: Name,
    pub version: Version,
    /// The release that brought it.
    pub release: ReleaseRef,
    pub artifact: Digest,
    /// Of its declaration, with the environment's variables, as it was shipped.
    pub configuration: Digest,
    /// How far its data was migrated; absent while no release with migrations has arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations: Option<Migrated>,
    pub since: Timestamp,
    /// Where instances of it run.
    pub hosts: Vec<Name>,
    /// Absent when the service is no longer declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
}

/// The newest migrations that arrived whole.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Migrated {
    /// The release that carried them.
    pub release: ReleaseRef,
    /// Of its document `migrations`.
    pub digest: Digest,
}
