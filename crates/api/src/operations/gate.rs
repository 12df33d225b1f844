//! What gates ask of a release on its way into an environment.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::gate::facts::Facts;

use super::operations;
use super::release::ReleasePath;
use crate::payload::Json;
use crate::view::gate::GatesView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GatesQuery {
    /// Where the release is to go.
    pub environment: Name,
}

operations! {
    /// Say what the gates of an environment ask of a release, what is there, and who can bring what is missing.
    ExplainGates "explainGates": Get "/api/v1/releases/{release}/gates", Viewer {
        path: ReleasePath,
        query: GatesQuery,
        answer: Json<GatesView>,
        errors: [UnknownRelease, ReleaseNotSealed, UnknownEnvironment, Unplannable, UnknownBlob],
    }

    /// Read the facts document that gates and Rego modules see.
    ReadFacts "readFacts": Get "/api/v1/releases/{release}/facts", Viewer {
        path: ReleasePath,
        query: GatesQuery,
        answer: Json<Facts>,
        errors: [UnknownRelease, ReleaseNotSealed, UnknownEnvironment, UnknownBlob],
    }
}
