//! Pauses of a service, an environment or everything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::event::Scope;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::pause::PauseView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PauseRequest {
    pub scope: Scope,
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ResumeRequest {
    pub scope: Scope,
}

operations! {
    /// Pause everything in a scope.
    PauseScope "pauseScope": Post "/api/v1/pauses", Operator {
        body: Json<PauseRequest>,
        answer: Json<Page<PauseView>>,
        errors: [InvalidReason],
    }

    /// End a scope's pause.
    ResumeScope "resumeScope": Post "/api/v1/pauses/resume", Operator {
        body: Json<ResumeRequest>,
        answer: Json<Page<PauseView>>,
        errors: [NotPaused],
    }

    /// List the pauses that stand.
    ListPauses "listPauses": Get "/api/v1/pauses", Viewer {
        answer: Json<Page<PauseView>>,
    }
}
