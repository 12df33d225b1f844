//! Builds.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::release::Artifact;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::artifact::ArtifactView;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArtifactQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

operations! {
    /// Register a build whose bytes are stored. The same build may be registered again.
    RegisterArtifact "registerArtifact": Post "/api/v1/artifacts", Builder {
        body: Json<Artifact>,
        answer: Json<ArtifactView>,
        status: 201,
        errors: [UnknownBlob, SizeMismatch, ArtifactDiffers, ReservedVersion],
    }

    /// List registered builds.
    ListArtifacts "listArtifacts": Get "/api/v1/artifacts", Viewer {
        query: ArtifactQuery,
        answer: Json<Page<ArtifactView>>,
    }
}
