//! Runbooks: reading them, saying that they are out of date, and carrying out what was agreed to in them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Digest, Name};

use super::operations;
use super::rollout::Reason;
use crate::page::Page;
use crate::payload::Json;
use crate::view::rollout::RolloutView;
use crate::view::runbook::RunbookView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunbookPath {
    pub runbook: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FallbackPath {
    pub runbook: Name,
    pub fallback: Name,
}

/// What somebody has read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RunbookReading {
    /// The revision; refused when it is not the one that stands now.
    pub revision: Digest,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2000))]
    pub note: String,
}

/// Where a fallback is needed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FallbackRun {
    pub environment: Name,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

operations! {
    /// List runbooks: who has read them, and which are out of date.
    ListRunbooks "listRunbooks": Get "/api/v1/runbooks", Viewer {
        answer: Json<Page<RunbookView>>,
    }

    /// Show a runbook.
    ShowRunbook "showRunbook": Get "/api/v1/runbooks/{runbook}", Viewer {
        path: RunbookPath,
        answer: Json<RunbookView>,
        errors: [UnknownRunbook],
    }

    /// Say that the caller, who did not write it, has read a revision of a runbook and takes it to be right.
    ReviewRunbook "reviewRunbook": Post "/api/v1/runbooks/{runbook}/reviews", Builder {
        path: RunbookPath,
        body: Json<RunbookReading>,
        answer: Json<RunbookView>,
        errors: [UnknownRunbook, WordVoid, SelfApproval, InvalidReason],
    }

    /// Say that a runbook is out of date: a revision of it is owed.
    OutdateRunbook "outdateRunbook": Post "/api/v1/runbooks/{runbook}/doubts", Builder {
        path: RunbookPath,
        body: Json<Reason>,
        answer: Json<RunbookView>,
        errors: [UnknownRunbook, InvalidReason],
    }

    /// Carry out a fallback that was agreed to with the release that stands in an environment.
    FallBack "fallBack": Post "/api/v1/runbooks/{runbook}/fallbacks/{fallback}/runs", Operator {
        path: FallbackPath,
        body: Json<FallbackRun>,
        answer: Json<RolloutView>,
        status: 201,
        errors: [UnknownRunbook, NotAgreed, UnknownEnvironment, NoTargets, Unplannable, InvalidReason],
    }
}
