//! What an agent finds on its host and no order put there.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Name, Version};

/// Most of them that one host tells of.
pub const STRAYS_MAX: usize = 200;

/// Something in the folder of an instance that got there past the pipeline.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stray {
    pub environment: Name,
    pub service: Name,
    pub version: Version,
    pub kind: StrayKind,
    /// For people: which files, or which process.
    #[schemars(length(max = 2000))]
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StrayKind {
    /// Files are not those of the artifact that was shipped.
    Changed,
    /// A process runs there that the agent did not start.
    Process,
}

impl StrayKind {
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed files",
            Self::Process => "foreign process",
        }
    }
}
