//! Plans.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::plan::Plan;
use shipway_model::{Digest, Name};

use super::operations;
use crate::payload::Json;
use crate::selector::ReleaseSelector;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PlanRequest {
    pub release: ReleaseSelector,
    pub environment: Name,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PlanView {
    pub digest: Digest,
    pub plan: Plan,
}

operations! {
    /// Plan a rollout. Nothing is touched and nothing is kept.
    MakePlan "makePlan": Post "/api/v1/plans", Viewer {
        body: Json<PlanRequest>,
        answer: Json<PlanView>,
        as_of: true,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NotPromoted, NoTargets, Unplannable,
            BreaksZeroDowntime,
        ],
    }
}
