//! A change: what a rollout into a protected environment is to those who answer for it.
//!
//! A change has the number of its rollout. Where it stands is not stored but follows from what happened, so that nobody
//! can put it further than it is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::release::Class;
use crate::{ChangeId, Digest, Name, RolloutId};

/// How long an emergency may be asked to live.
pub const EMERGENCY_MAX: crate::Millis = crate::Millis::from_secs(4 * 3600);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Change {
    pub rollout: RolloutId,
    /// The environment whose protection it is about: the rollout's own, or one that shares a target with it.
    pub protected: Name,
    /// What the release says that it is.
    pub declared: Class,
    /// What it is: the stricter of what was declared and what the rules derive.
    pub class: Class,
    /// Why, one sentence for each rule that spoke.
    pub reasons: Vec<String>,
    /// The template that a standard change was agreed to under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub template: Option<Name>,
    /// The ChangePolicy that judges it; the built-in one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<Name>,
    pub risk: Risk,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emergency: Option<Emergency>,
}

/// Why a change cannot wait, and until when it may begin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Emergency {
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
    /// Nothing begins under it from this instant on.
    pub until: Timestamp,
    /// How bad it is; policies say from where on that is a reason not to wait.
    #[serde(default, skip_serializing_if = "Severity::is_high")]
    pub severity: Severity,
}

/// How much is lost while nothing is done.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Annoying; there is a way around.
    Low,
    /// Some cannot do some of what they came for.
    Medium,
    /// Many cannot do what they came for.
    #[default]
    High,
    /// Nothing works, data is lost, or an attack is under way.
    Critical,
}

impl Severity {
    /// Written without saying so, as before there were severities.
    fn is_high(&self) -> bool {
        *self == Self::High
    }

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// An explained score: the points of its factors add up to it, exactly.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Risk {
    /// Points, of 100 with the built-in weights.
    pub score: u32,
    /// The heaviest first.
    pub factors: Vec<Contribution>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contribution {
    pub factor: Factor,
    pub points: u32,
    /// The most that this factor can add.
    pub of: u32,
    /// What was found, in a sentence with its values.
    pub why: String,
}

/// What makes a change risky.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Factor {
    /// How many lines and files differ.
    Churn,
    /// How many services ship at once.
    Size,
    /// How critical the most critical service is.
    Criticality,
    /// How many services depend on what ships, directly or through others.
    FanOut,
    /// How long the longest chain of dependencies below it is.
    Depth,
    /// How often the same services failed before; older failures count less.
    History,
    /// How many users notice: tier and promised objectives.
    UserImpact,
    /// Which classes of data are handled.
    Data,
    /// The weekday and hour at which it is asked for.
    Timing,
    /// How much of it cannot be taken back.
    Irreversibility,
    /// What nobody has shown: evidence, documents, tests.
    EvidenceGaps,
    /// How long ago, or whether ever, it was shipped here.
    Novelty,
    /// How often those who wrote it have shipped these services before.
    Experience,
}

impl Factor {
    pub const ALL: [Self; 13] = [
        Self::Churn,
        Self::Size,
        Self::Criticality,
        Self::FanOut,
        Self::Depth,
        Self::History,
        Self::UserImpact,
        Self::Data,
        Self::Timing,
        Self::Irreversibility,
        Self::EvidenceGaps,
        Self::Novelty,
        Self::Experience,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Churn => "churn",
            Self::Size => "size",
            Self::Criticality => "criticality",
            Self::FanOut => "fan-out",
            Self::Depth => "depth",
            Self::History => "history",
            Self::UserImpact => "user-impact",
            Self::Data => "data",
            Self::Timing => "timing",
            Self::Irreversibility => "irreversibility",
            Self::EvidenceGaps => "evidence-gaps",
            Self::Novelty => "novelty",
            Self::Experience => "experience",
        }
    }
}

impl ChangeId {
    /// The change of a rollout.
    pub const fn of(rollout: RolloutId) -> Self {
        Self::from_uuid(rollout.uuid())
    }

    pub const fn rollout(self) -> RolloutId {
        RolloutId::from_uuid(self.uuid())
    }
}

/// What was looked at when somebody gave their word. A word counts for exactly this.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Shown {
    pub environment: Name,
    pub class: Class,
    /// Of everything that will be done.
    pub plan: Digest,
    /// Of the sealed bundle.
    pub release: Digest,
    /// Over everything that was attached as evidence about the release and its artifacts.
    pub evidence: Digest,
    /// Of the rules that say whose word is needed.
    pub policy: Digest,
}

impl Shown {
    /// What is another thing in `now`, in words; empty when nothing is.
    pub fn differences(&self, now: &Self) -> Vec<&'static str> {
        [
            (self.environment != now.environment, "the environment"),
            (self.class != now.class, "the type of the change"),
            (self.plan != now.plan, "the plan"),
            (self.release != now.release, "the release"),
            (self.evidence != now.evidence, "the evidence"),
            (self.policy != now.policy, "the change policy"),
        ]
        .into_iter()
        .filter_map(|(differs, what)| differs.then_some(what))
        .collect()
    }
}
