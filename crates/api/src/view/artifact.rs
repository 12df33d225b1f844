//! A registered build.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::release::Artifact;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ArtifactView {
    #[serde(flatten)]
    pub artifact: Artifact,
    pub storage: Storage,
}

/// Whether its bytes are here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Storage {
    Stored,
    Missing,
}
