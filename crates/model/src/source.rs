//! From where in the sources a release comes: what Git says of the branch or tag that each repository was built from.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;

/// Repositories that one release may come from.
pub const SOURCES_MAX: usize = 100;
/// Merges that may be told of one source.
pub const MERGES_MAX: usize = 10_000;

/// What was built, of one repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Source {
    /// The declared Repository.
    pub repository: Name,
    #[serde(rename = "ref")]
    pub reference: Ref,
    /// What it pointed at: a hash in hexadecimal.
    #[schemars(length(min = 7, max = 64))]
    pub commit: String,
    /// Who merged into it since the release before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10000))]
    pub merges: Vec<Merge>,
}

/// A branch or tag by its short name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Ref {
    Branch(#[schemars(length(min = 1, max = 250))] String),
    Tag(#[schemars(length(min = 1, max = 250))] String),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Merge {
    #[schemars(length(min = 7, max = 64))]
    pub commit: String,
    /// The address of whoever merged.
    #[schemars(length(max = 320))]
    pub by: String,
}

/// Branches in which the commit of a hotfix is found again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MergeBack {
    pub repository: Name,
    #[schemars(length(min = 7, max = 64))]
    pub commit: String,
    #[schemars(length(min = 1, max = 50))]
    pub found_in: BTreeSet<String>,
}

impl Ref {
    pub fn name(&self) -> &str {
        match self {
            Self::Branch(name) | Self::Tag(name) => name,
        }
    }

    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Branch(_) => "branch",
            Self::Tag(_) => "tag",
        }
    }
}
