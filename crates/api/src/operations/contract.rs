//! Contracts between what goes somewhere and what is there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Name, Version};

use super::environment::EnvironmentPath;
use super::operations;
use crate::payload::Json;
use crate::selector::ReleaseSelector;
use crate::view::contract::CanDeployView;

/// A build, by `service` and `version`, or a sealed `release`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CanDeployQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<Version>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseSelector>,
}

operations! {
    /// Say whether a build or a release may go into an environment, against what runs there and what is on its way there.
    CanDeploy "canDeploy": Get "/api/v1/environments/{environment}/can-deploy", Viewer {
        path: EnvironmentPath,
        query: CanDeployQuery,
        answer: Json<CanDeployView>,
        errors: [UnknownEnvironment, UnknownArtifact, UnknownRelease, ReleaseNotSealed, UnknownBlob],
    }
}
