//! A release, and what differs between two.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::release::Bundle;
use shipway_model::source::Source;
use shipway_model::{Digest, Name, ReleaseId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseView {
    pub id: ReleaseId,
    pub bundle: Bundle,
    pub seal: Seal,
    /// Who took on its known errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<AcceptanceView>,
    /// From which branches or tags it comes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<Source>,
    /// Teams that were told of it, because services of theirs depend on what it changes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consumers: BTreeMap<Name, BTreeSet<Name>>,
}

/// Somebody's word that a release may carry its known errors.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AcceptanceView {
    pub by: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

/// Only a sealed release can be planned and shipped; nothing in it can change any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Seal {
    Open {},
    Sealed { digest: Digest, at: Timestamp, by: String },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseDiff {
    pub from: ReleaseId,
    pub to: ReleaseId,
    /// Services and documents that differ; what is equal is left out.
    pub changes: Vec<ReleaseChange>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleaseChange {
    /// A service, or a document as `documents/NAME`.
    pub what: String,
    /// Absent when it is new.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<ReleasePart>,
    /// Absent when it is gone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ReleasePart>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReleasePart {
    /// Empty for documents.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub version: String,
    pub digest: Digest,
    /// Of the service's declaration that it was sealed with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Digest>,
    /// By region, where it has an artifact of its own.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<Name, Digest>,
}
