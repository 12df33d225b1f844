//! What a policy said about a release for an environment: a decision with its reasons.

pub mod facts;

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::release::ReleaseRef;
use crate::resource::digest_of;
use crate::{Digest, EvidenceId, Millis, Name, WaiverId};

/// A yes or no that anyone can compute again from its inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decision {
    pub release: ReleaseRef,
    pub environment: Name,
    /// The policies that were asked, in the revisions that stood then.
    pub policies: BTreeMap<Name, Digest>,
    /// Of the facts as they are kept beside the ledger: what documents say stands there by its digests.
    pub facts: Digest,
    /// The instant that the facts are about.
    pub at: Timestamp,
    pub passes: bool,
    pub requirements: Vec<Requirement>,
}

impl Decision {
    /// Of what was said, apart from what it was said about: two decisions with the same result say the same.
    pub fn result(&self) -> Digest {
        digest_of(&(self.passes, &self.requirements))
    }

    /// What does not pass.
    pub fn unmet(&self) -> impl Iterator<Item = &Requirement> {
        self.requirements.iter().filter(|it| !it.status.passes())
    }

    /// When time alone may change what was said: a waiver lapses, or a wait is over.
    pub fn stands_until(&self) -> Option<Timestamp> {
        self.requirements.iter().filter_map(|it| it.until).filter(|it| *it > self.at).min()
    }
}

/// One gate's answer about one service, or about the release as a whole.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Requirement {
    pub policy: Name,
    pub gate: Name,
    /// The kind of the gate, such as `coverage`.
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    pub status: Status,
    /// One sentence each: what was found, with the values.
    pub reasons: Vec<String>,
    /// What it was decided from.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<EvidenceId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waivers: Vec<WaiverId>,
    /// Who can supply what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<String>,
    /// The command that supplies it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// When time alone will change the answer: what waits is over, or what waives it lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    Satisfied,
    /// There is no evidence that counts.
    Missing,
    /// The evidence says no.
    Failed,
    /// The evidence says no, and a waiver takes that on.
    Waived,
    /// Time will tell.
    Waiting,
}

impl Status {
    pub const fn passes(self) -> bool {
        matches!(self, Self::Satisfied | Self::Waived)
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Satisfied => "satisfied",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Waived => "waived",
            Self::Waiting => "waiting",
        }
    }
}

/// An accepted deviation: which gate, for what, until when, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    pub policy: Name,
    pub gate: Name,
    /// Only for this service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// Only for this finding, by its id or one of its aliases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<String>,
    /// Only for this package, by name or package URL.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<String>,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
    /// Who looks after it until it is mended.
    #[schemars(length(min = 1, max = 200))]
    pub owner: String,
    pub expires: Timestamp,
}

/// The longest time for which a waiver may be asked.
pub const WAIVER_MAX: Millis = Millis::from_secs(366 * 24 * 3600);
