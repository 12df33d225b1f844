//! Artifacts and the sealed bundle.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::digest_of;
use crate::source::Ref;
use crate::{Digest, Millis, Name, ReleaseId, Version};

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
    /// The branch or tag that it was built from, where whoever registers it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Ref>,
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
    /// The Runbooks of its services, each with the revision that a peer has read; filled in at sealing.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub runbooks: BTreeMap<Name, Digest>,
    /// What kind of change it is; calendars let the classes through in different ways.
    #[serde(default, skip_serializing_if = "Class::is_normal")]
    pub class: Class,
    /// What differs from the release before in the sources; absent when nobody said, which is not the same as nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub touches: Option<Touches>,
    /// Defects that it ships with, by a name of their own under which they are carried from release to release.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 100))]
    pub known_errors: BTreeMap<Name, KnownError>,
    /// Known errors of releases before that it mends.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 100))]
    pub mended_errors: BTreeSet<Name>,
}

/// A defect that is known and carried on: somebody looks after it, it is watched, and it has an end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KnownError {
    /// What goes wrong, and when.
    #[schemars(length(min = 1, max = 2000))]
    pub defect: String,
    /// The team that looks after it.
    pub owner: Name,
    /// What operations does when it shows.
    #[schemars(length(min = 1, max = 2000))]
    pub mitigation: String,
    /// By what it is noticed: a dashboard, an alert, a query.
    #[schemars(length(min = 1, max = 2000))]
    pub monitor: String,
    /// From then on no release may carry it.
    pub expires: Timestamp,
}

/// The most known errors that a release may carry or mend.
pub const KNOWN_ERRORS_MAX: usize = 100;

/// What a release changes in the sources, by file: churn, and the paths that rules look at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Touches {
    /// Files by their path in the repository, with `/` between folders.
    #[schemars(length(max = 10000))]
    pub files: BTreeMap<String, Churn>,
}

/// Lines of one file; both are 0 for files that are not text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Churn {
    pub added: u32,
    pub removed: u32,
}

/// The most files that a release may name as touched.
pub const TOUCHED_FILES_MAX: usize = 10_000;

impl Touches {
    /// Lines added and removed, all files together.
    pub fn lines(&self) -> u64 {
        self.files.values().map(|it| u64::from(it.added) + u64::from(it.removed)).sum()
    }
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
    /// It touches so much, or what matters so much, that more people have to agree.
    Major,
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
            Self::Major => "major",
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

/// What a release goes back to: the document [`Document::RollbackPackage`], in YAML or JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollbackPackage {
    pub services: BTreeMap<Name, RollbackPart>,
    /// Scripts that take back what migrations did, in the order in which they are run.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scripts: Vec<String>,
    /// How the way back is tried out before it is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rehearsal: Option<Rehearsal>,
}

/// Commands, each given to `sh -c` in a copy of the package's folder, in the order of the fields; a status other than 0 is a
/// failure. The scripts of the package come between `write` and `checks`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rehearsal {
    /// Make data as the version before leaves it.
    #[schemars(length(min = 1, max = 100))]
    pub before: Vec<String>,
    /// What the release does to them: its migrations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub forward: Vec<String>,
    /// Write as the new version does.
    #[schemars(length(min = 1, max = 100))]
    pub write: Vec<String>,
    /// Runs one script, which `$SCRIPT` names.
    pub run: String,
    /// Prints every row as the version before reads it, a line each, in any order.
    pub rows: String,
    /// The same rows, in the same form, while the data are as the new version has them; as `rows` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_rows: Option<String>,
    /// What else must hold once everything is taken back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub checks: Vec<String>,
    /// How long each command may take.
    #[serde(default = "rehearsal_timeout")]
    pub timeout: Millis,
}

/// How the report of a rehearsal calls its suite: it counts for exactly these bytes of a rollback package.
pub fn rehearsal_suite(package: &Digest) -> String {
    format!("rollback-package {package}")
}

/// The checks of every rehearsal, as its report calls them.
pub const ROWS_BEFORE: &str = "rows that stood before the release stand again";
pub const ROWS_WRITTEN: &str = "rows that the new version wrote are kept";

fn rehearsal_timeout() -> Millis {
    Millis::from_secs(300)
}

/// The build of a service that is gone back to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RollbackPart {
    pub version: Version,
    pub artifact: Digest,
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

    /// Whether the document travels with it; declared runbooks that it binds are one.
    pub fn brings(&self, document: Document) -> bool {
        let is_declared = document == Document::Runbook && !self.runbooks.is_empty();
        is_declared || self.documents.contains_key(&document)
    }
}
