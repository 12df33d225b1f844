//! The facts document: the only thing that gates and Rego modules see.

use std::collections::{BTreeMap, BTreeSet};

use super::Waiver;
use crate::evidence::{Kind, Normal, Word};
use crate::release::{Document, ReleaseRef};
use crate::{Digest, EvidenceId, Name, Version, WaiverId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release, what it holds, what runs where it is to go, and what is known of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    pub release: ReleaseRef,
    /// Who created and who sealed it.
    pub makers: BTreeSet<String>,
    pub environment: Name,
    /// The instant that the facts are about.
    pub at: Timestamp,
    pub services: BTreeMap<Name, Service>,
    pub documents: BTreeSet<Document>,
    /// About what is in the release, the earliest first.
    pub evidence: Vec<Evidence>,
    /// About what runs in the environment now, the earliest first.
    pub baseline: Vec<Evidence>,
    /// In force at the instant.
    pub waivers: Vec<GrantedWaiver>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    pub version: Version,
    /// The artifact and its regional variants.
    pub artifacts: BTreeSet<Digest>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub builder: String,
    /// The identities that registered the artifacts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub registered_by: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
    /// 1 is the most critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    /// What runs in the environment now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Running {
    pub version: Version,
    pub artifacts: BTreeSet<Digest>,
}

/// An attached document and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    pub id: EvidenceId,
    pub subject: BTreeSet<Digest>,
    /// The services whose artifacts it is about.
    pub services: BTreeSet<Name>,
    pub format: String,
    pub kinds: BTreeSet<Kind>,
    pub at: Timestamp,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Word>,
    /// Absent for a statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Box<Normal>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantedWaiver {
    pub id: WaiverId,
    pub waiver: Waiver,
    pub requested_by: String,
    pub approved_by: String,
}
