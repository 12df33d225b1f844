//! What gates said to a rollout.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::gate::Decision;
use shipway_model::plan::StepId;
use shipway_model::release::ReleaseRef;
use shipway_model::{DecisionId, Digest, Name, RolloutId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionSummary {
    pub id: DecisionId,
    pub rollout: RolloutId,
    pub step: StepId,
    /// Each asking of the step is one.
    pub attempt: u32,
    pub release: ReleaseRef,
    pub environment: Name,
    /// When it was recorded.
    pub at: Timestamp,
    pub passes: bool,
    /// Requirements that did not pass.
    pub n_unmet: usize,
    /// Of the facts as they are kept.
    pub facts: Digest,
    /// Of what was said.
    pub result: Digest,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DecisionView {
    #[serde(flatten)]
    pub summary: DecisionSummary,
    pub decision: Decision,
}

/// A decision beside the one that comes out now.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReplayView {
    pub id: DecisionId,
    /// Facts and result are what they were.
    pub identical: bool,
    /// Of the facts as the ledger gives them for that instant.
    pub facts: Compared,
    /// Of what the policies say to the facts that are kept.
    pub result: Compared,
    /// Where they differ, by JSON pointers, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    pub recorded: Digest,
    pub computed: Digest,
}

impl Compared {
    pub fn is_identical(&self) -> bool {
        self.recorded == self.computed
    }
}
