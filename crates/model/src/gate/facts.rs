//! The facts document: the only thing that gates and Rego modules see.

use std::collections::{BTreeMap, BTreeSet};

use super::Waiver;
use crate::attestation::Seal;
use crate::evidence::{Kind, Normal, Word};
use crate::release::{Document, KnownError, ReleaseRef};
use crate::{Digest, EvidenceId, Name, Version, WaiverId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release, what it holds, what runs where it is to go, and what is known of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    pub release: ReleaseRef,
    /// Who created and who sealed it; and of those who sent evidence, whoever wrote what is in it or asked for it to be
    /// rolled out, under the names by which they sent.
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
    /// Defects that the release carries on, and whether somebody else has accepted that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_errors: BTreeMap<Name, CarriedError>,
    /// Known errors of what runs now that the release neither carries on nor says to have mended.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dropped_errors: BTreeSet<Name>,
}

/// A known error of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedError {
    pub error: KnownError,
    /// Whose word it has that the release may carry it: nobody's who made the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
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
    /// Whose signature over the statement holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Why the signature with which it came holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<String>,
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
