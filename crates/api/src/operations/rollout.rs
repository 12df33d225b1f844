//! Rollouts and their steps.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::effect::Direction;
use shipway_model::plan::StepId;
use shipway_model::{Digest, Name, RolloutId};

use super::operations;
use crate::page::Page;
use crate::payload::{Events, Json, Text};
use crate::selector::ReleaseSelector;
use crate::view::analysis::RolloutAnalysis;
use crate::view::rollout::{RolloutSummary, RolloutView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewRollout {
    pub release: ReleaseSelector,
    pub environment: Name,
    /// Refuse when the plan made now is not this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan_digest: Option<Digest>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RolloutQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// True leaves out those that ended; false, those that did not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<bool>,
    /// Only those that had started by then: what may be to blame for what was seen at this instant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RolloutPath {
    pub rollout: RolloutId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StepPath {
    pub rollout: RolloutId,
    pub step: StepId,
}

/// Why, for those who read it later.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reason {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ApprovalNote {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub note: String,
}

/// What somebody saw, did or decided.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewNote {
    #[schemars(length(min = 1, max = 500))]
    pub note: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Decider {
    /// As the person's token or account is named.
    #[schemars(length(min = 1, max = 200))]
    pub decider: String,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogQuery {
    /// `do` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// The latest when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub attempt: Option<u32>,
    /// Bytes to leave out at the start, for reading on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<u64>,
}

operations! {
    /// Start a rollout: one release into one environment. It queues when others are before it.
    StartRollout "startRollout": Post "/api/v1/rollouts", Operator {
        body: Json<NewRollout>,
        answer: Json<RolloutView>,
        status: 201,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NotPromoted, NoTargets, Unplannable,
            BreaksZeroDowntime, PlanChanged,
        ],
    }

    /// List rollouts, the newest first.
    ListRollouts "listRollouts": Get "/api/v1/rollouts", Viewer {
        query: RolloutQuery,
        answer: Json<Page<RolloutSummary>>,
    }

    /// Show a rollout in full.
    ShowRollout "showRollout": Get "/api/v1/rollouts/{rollout}", Viewer {
        path: RolloutPath,
        answer: Json<RolloutView>,
        errors: [UnknownRollout],
    }

    /// Show how a rollout is judged: evidence, boundaries and effects over time.
    ShowAnalysis "showAnalysis": Get "/api/v1/rollouts/{rollout}/analysis", Viewer {
        path: RolloutPath,
        answer: Json<RolloutAnalysis>,
        errors: [UnknownRollout],
    }

    /// Pause a rollout: what is under way ends, nothing more begins.
    PauseRollout "pauseRollout": Post "/api/v1/rollouts/{rollout}/pause", Operator {
        path: RolloutPath,
        body: Json<Reason>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, WrongPhase, NotPaused, PointOfNoReturn, InvalidReason],
    }

    /// Let a paused rollout go on, or a pause step end.
    ResumeRollout "resumeRollout": Post "/api/v1/rollouts/{rollout}/resume", Operator {
        path: RolloutPath,
        body: Json<Reason>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, WrongPhase, NotPaused, PointOfNoReturn, InvalidReason],
    }

    /// Stop a rollout where it stands; what was done stays.
    AbortRollout "abortRollout": Post "/api/v1/rollouts/{rollout}/abort", Operator {
        path: RolloutPath,
        body: Json<Reason>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, WrongPhase, NotPaused, PointOfNoReturn, InvalidReason],
    }

    /// Take back what a rollout has done.
    RollBack "rollBack": Post "/api/v1/rollouts/{rollout}/rollback", Operator {
        path: RolloutPath,
        body: Json<Reason>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, WrongPhase, NotPaused, PointOfNoReturn, InvalidReason],
    }

    /// Try the failed steps of a halted rollout again.
    RetryRollout "retryRollout": Post "/api/v1/rollouts/{rollout}/retry", Operator {
        path: RolloutPath,
        body: Json<Reason>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, WrongPhase, NotPaused, PointOfNoReturn, InvalidReason],
    }

    /// Approve a step that waits for a person's word.
    ApproveStep "approveStep": Post "/api/v1/rollouts/{rollout}/steps/{step}/approve", Approver {
        path: StepPath,
        body: Json<ApprovalNote>,
        answer: Json<RolloutView>,
        conditional: true,
        errors: [UnknownRollout, UnknownStep, WrongPhase, NotAsked, InvalidReason],
    }

    /// Write down what was seen, done or decided, for everybody who follows the rollout.
    NoteRollout "noteRollout": Post "/api/v1/rollouts/{rollout}/notes", Approver {
        path: RolloutPath,
        body: Json<NewNote>,
        answer: Json<RolloutView>,
        errors: [UnknownRollout, WrongPhase, InvalidReason],
    }

    /// Say who decides about a rollout.
    NameDecider "nameDecider": Post "/api/v1/rollouts/{rollout}/decider", Operator {
        path: RolloutPath,
        body: Json<Decider>,
        answer: Json<RolloutView>,
        errors: [UnknownRollout, WrongPhase, InvalidReason],
    }

    /// Read what a step printed.
    ReadStepLog "readStepLog": Get "/api/v1/rollouts/{rollout}/steps/{step}/log", Viewer {
        path: StepPath,
        query: LogQuery,
        answer: Text,
        as_of: false,
        errors: [UnknownRollout, UnknownStep],
    }

    /// Follow a rollout's events, from its first or from the one after `Last-Event-ID`, until it has ended.
    FollowRollout "followRollout": Get "/api/v1/rollouts/{rollout}/events", Viewer {
        path: RolloutPath,
        answer: Events,
        errors: [UnknownRollout],
    }
}
