//! What CI systems tell by webhook: builds that finished, tests that ran, artifacts that were published, commits that came in.
//!
//! It is what the sender says. It is recorded under the sender's name and is no evidence: nothing of it satisfies a gate.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::source::Ref;
use crate::{Digest, Name, Version};

/// Reports that one message may carry; what is beyond is left out, and the answer says so.
pub const REPORTS_MAX: usize = 100;
/// Longest text of a report, in characters; longer ones are cut off.
pub const TEXT_CHARS_MAX: usize = 300;

/// A message of a CI system, as it was understood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delivery {
    /// The sender's own id for the message, so that one that comes twice counts once.
    #[schemars(length(min = 1, max = 300))]
    pub id: String,
    #[schemars(length(max = 100))]
    pub reports: Vec<Report>,
    /// What the message says beside, and is not taken up, in sentences.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<String>,
}

/// One thing that a message tells.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Report {
    pub deed: Deed,
    /// What the sender calls the workflow, the suite or the package.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 300))]
    pub name: String,
    /// Absent where the sender does not judge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<CiResult>,
    /// Host and path, such as `github.com/acme/shop`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub repository: Option<String>,
    #[serde(default, rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<Ref>,
    /// A hash in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub commit: Option<String>,
    /// Of an artifact, or of what was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Digest>,
    /// Of an artifact, where the sender tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<TestCount>,
    /// Where people see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 300))]
    pub url: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    BuildFinished,
    TestsFinished,
    /// Packaged, or put where others get it.
    ArtifactPublished,
    CommitsPushed,
}

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CiResult {
    Passed,
    Failed,
    /// It was stopped, or left out.
    Cancelled,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TestCount {
    pub total: u64,
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Report {
    /// Of this deed, with nothing else said yet.
    pub fn of(deed: Deed) -> Self {
        Self {
            deed,
            name: String::new(),
            result: None,
            repository: None,
            reference: None,
            commit: None,
            artifact: None,
            version: None,
            tests: None,
            url: None,
        }
    }
}

impl Deed {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BuildFinished => "build-finished",
            Self::TestsFinished => "tests-finished",
            Self::ArtifactPublished => "artifact-published",
            Self::CommitsPushed => "commits-pushed",
        }
    }
}

impl CiResult {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Before the Webhook's name, in the name under which what it sends is recorded.
pub const WEBHOOK_PREFIX: &str = "webhook:";

/// As whom a message of the Webhook is recorded.
pub fn actor(webhook: &Name) -> String {
    format!("{WEBHOOK_PREFIX}{webhook}")
}
