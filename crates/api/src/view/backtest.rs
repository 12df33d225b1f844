//! What other policies would have said.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::release::ReleaseRef;
use shipway_model::{Millis, Name, RolloutId};

/// Proposed policies against what was recorded. A rollout that was asked several times counts once.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct BacktestView {
    pub n_decisions: usize,
    pub n_rollouts: usize,
    /// Decisions whose facts are not kept any more; they are in no other number.
    pub n_lost: usize,
    /// Those that went through and would not have.
    pub stopped: Vec<Trial>,
    /// Those that did not go through and would have.
    pub let_through: Vec<Trial>,
    /// Of rollouts that went through and of which it is known how they ended.
    pub judged: Judged,
    /// Of those that would have gone through too: how much longer they would have waited, all together, as far as
    /// recorded askings tell.
    pub waited_longer: Millis,
    /// How much shorter.
    pub waited_shorter: Millis,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Trial {
    pub rollout: RolloutId,
    pub release: ReleaseRef,
    pub environment: Name,
    /// When its gates were asked last.
    pub at: Timestamp,
    pub ending: Ending,
    /// What the proposed policies miss, one sentence each; a few of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

/// How a rollout ended, as far as gates are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Ending {
    Well,
    /// It was taken back.
    Failed,
    /// It is under way, or was aborted or cancelled: nobody knows how it would have ended.
    Unknown,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Judged {
    /// Failed, and would have been stopped.
    pub stopped_failed: usize,
    /// Ended well, and would have been stopped.
    pub stopped_well: usize,
    /// Failed, and would have gone through.
    pub passed_failed: usize,
    /// Ended well, and would have gone through.
    pub passed_well: usize,
    /// Of those stopped, the share that failed; absent when none would have been stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub precision: Option<f64>,
    /// Of those that failed, the share that would have been stopped; absent when none failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recall: Option<f64>,
}
