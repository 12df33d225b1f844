//! What hotfixes owe to the branches that they did not come from.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Name, ReleaseId, Version};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwedMergeBack {
    pub id: ReleaseId,
    pub name: Name,
    pub version: Version,
    pub repository: Name,
    pub commit: String,
    /// Branches in which it was not found yet.
    pub missing: BTreeSet<String>,
    pub since: Timestamp,
    /// From then on the next release from there that is no emergency is refused.
    pub due: Timestamp,
    pub overdue: bool,
}
