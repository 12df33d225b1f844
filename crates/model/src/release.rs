//! Artifacts and the sealed bundle.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::digest_of;
use crate::{Digest, Name, ReleaseId, Version};

/// A build, registered once under its digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Artifact {
    pub service: Name,
    pub version: Version,
    /// Of the archive's bytes.
    pub digest: Digest,
    pub size_bytes: u64,
    pub format: ArchiveFormat,
    /// The source commit that it was built from.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    /// Who or what built it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub builder: String,
    /// A provenance document, stored as a blob.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ArchiveFormat {
    #[serde(rename = "tar.gz")]
    TarGz,
}

/// Everything that a release binds. Its digest is the release's digest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Bundle {
    pub name: Name,
    pub version: Version,
    /// By service.
    pub parts: BTreeMap<Name, Part>,
    /// Files that travel with the release: runbook, notes, rollback package, migrations, flags. Name to blob.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub documents: BTreeMap<Document, Digest>,
    /// What kind of change it is; calendars let the classes through in different ways.
    #[serde(default, skip_serializing_if = "Class::is_normal")]
    pub class: Class,
}

/// The kinds of change of ITIL.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Agreed to beforehand, because it is known and small.
    Standard,
    #[default]
    Normal,
    /// It mends what cannot wait, and has a lane of its own.
    Emergency,
}

impl Class {
    /// Written without saying so, as before there were classes.
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Normal => "normal",
            Self::Emergency => "emergency",
        }
    }
}

/// One service in a release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    pub version: Version,
    pub artifact: Digest,
    /// Other artifacts for targets whose label `region` has this value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variants: BTreeMap<Name, Digest>,
    /// The revision of the Service declaration that it was sealed with; filled in at sealing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration: Option<Digest>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Document {
    Runbook,
    Notes,
    RollbackPackage,
    Migrations,
    Flags,
}

/// A release as plans and rollouts refer to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseRef {
    pub id: ReleaseId,
    pub name: Name,
    pub version: Version,
    pub digest: Digest,
}

impl Bundle {
    pub fn digest(&self) -> Digest {
        digest_of(self)
    }
}
