//! What CI systems tell.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::ci::Report;
use shipway_model::{Name, Version};

/// What became of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CiHeard {
    /// The sender's id for it.
    pub delivery: String,
    /// Whether it had come before; nothing was done then.
    pub repeated: bool,
    /// What was recorded, now or before.
    pub recorded: Vec<CiReportView>,
    /// Builds that were registered on account of it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub registered: BTreeSet<BuildName>,
    /// What was not done, and why, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
}

/// One report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CiReportView {
    pub webhook: Name,
    pub delivery: String,
    pub at: Timestamp,
    #[serde(flatten)]
    pub report: Report,
    /// Registered builds that it is about, by their bytes or by their commit.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub builds: BTreeSet<BuildName>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BuildName {
    pub service: Name,
    pub version: Version,
}
