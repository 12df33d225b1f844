//! A rollout as it stands: its phase and what it waits for, every step, every target, the traffic and the verdicts.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::analysis::Verdict;
use shipway_model::event::{Cause, End};
use shipway_model::plan::StepId;
use shipway_model::release::ReleaseRef;
use shipway_model::{Digest, Millis, Name, RolloutId, Version};

use super::step::StepView;
use super::traffic::{TargetView, TrafficView};

/// A rollout in a list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutSummary {
    pub id: RolloutId,
    pub release: ReleaseRef,
    pub environment: Name,
    pub requested_by: String,
    pub phase: Phase,
    /// Not told of rollouts that later ones have followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    pub queued_at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
}

/// A rollout in full.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutView {
    #[serde(flatten)]
    pub summary: RolloutSummary,
    /// Of the plan that is carried out.
    pub plan_digest: Digest,
    /// How long it was paused, all pauses together.
    pub paused_total: Millis,
    /// How long it has waited, charged to what it waited for. What it waits for now counts once that has ended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub waited: Vec<Waited>,
    /// For how long agents have worked on its steps, all hosts and attempts together, those under way left out.
    pub busy: Millis,
    /// What it waits for now, the reason that holds most first. Empty when it only works.
    pub waiting_for: Vec<Waiting>,
    /// In the plan's order.
    pub steps: Vec<StepView>,
    /// Every instance of the plan's services, as it stands now; none once later rollouts have followed.
    pub targets: Vec<TargetView>,
    /// The share of every version now, by service; nothing once later rollouts have followed.
    pub traffic: Vec<TrafficView>,
    /// The latest verdict of each analysis step.
    pub analyses: Vec<AnalysisView>,
    /// What people wrote down about it, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<NoteView>,
    /// Who decides about it, where that was said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decider: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    pub by: String,
    pub at: Timestamp,
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "name", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Phase {
    /// Waits for its turn; 1 is next.
    Queued {
        position: u32,
    },
    Running {},
    /// A person stopped it, or paused something that it belongs to.
    Paused {
        reason: String,
    },
    /// A step failed in a way that a person must decide about.
    Halted {
        step: StepId,
        reason: String,
    },
    /// What it did is being taken back.
    Unwinding {
        cause: Cause,
    },
    /// Ends when the steps under way have settled; what was done stays.
    Aborting {
        reason: String,
    },
    Ended {
        end: End,
    },
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Progress {
    pub steps_done: u32,
    pub steps_total: u32,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waiting {
    /// The rollout itself, or the title of the step that waits.
    pub what: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<StepId>,
    /// A sentence.
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Who or what ends the wait.
    pub until: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Waited {
    pub cause: String,
    pub total: Millis,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AnalysisView {
    pub step: StepId,
    pub service: Name,
    /// The version that it is compared with.
    pub control: Version,
    pub canary: Version,
    pub verdict: Verdict,
}

impl Phase {
    /// One word for lists, metrics and style sheets.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Queued { .. } => "queued",
            Self::Running {} => "running",
            Self::Paused { .. } => "paused",
            Self::Halted { .. } => "halted",
            Self::Unwinding { .. } => "unwinding",
            Self::Aborting { .. } => "aborting",
            Self::Ended { end: End::Succeeded { .. } } => "succeeded",
            Self::Ended { end: End::RolledBack {} } => "rolled-back",
            Self::Ended { end: End::Aborted { .. } } => "aborted",
            Self::Ended { end: End::Cancelled { .. } } => "cancelled",
        }
    }

    pub const fn is_ended(&self) -> bool {
        matches!(self, Self::Ended { .. })
    }
}
