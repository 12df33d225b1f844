//! A step of a rollout as it stands.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::plan::{Reversibility, Silenced, StepId};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepView {
    pub id: StepId,
    pub stage: Name,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub wave: String,
    pub title: String,
    /// One word for what it does: `place`, `route`, `analyse`, …
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Name>,
    pub state: StepState,
    /// Of its undo; absent while nothing is being taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<StepState>,
    pub reversibility: Reversibility,
    /// Why the plan has it so.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Alerts that were silenced while it was under way, and what that kept quiet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub silenced: Vec<Silenced>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum StepState {
    /// Steps that it needs have not ended.
    Pending {},
    /// Could begin, but for this.
    Waiting {
        why: String,
    },
    Running {
        /// From 1.
        attempt: u32,
        since: Timestamp,
    },
    Succeeded {},
    Failed {
        reason: String,
    },
    /// Failed, within what the strategy tolerates.
    Tolerated {
        reason: String,
    },
    Skipped {
        reason: String,
    },
}

impl StepState {
    /// One word for lists and style sheets.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Pending {} => "pending",
            Self::Waiting { .. } => "waiting",
            Self::Running { .. } => "running",
            Self::Succeeded {} => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Tolerated { .. } => "tolerated",
            Self::Skipped { .. } => "skipped",
        }
    }

    pub const fn is_done(&self) -> bool {
        matches!(self, Self::Succeeded {} | Self::Tolerated { .. } | Self::Skipped { .. })
    }
}
