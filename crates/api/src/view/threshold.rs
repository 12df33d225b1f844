//! Rules that measured records ask for or let go.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::resource::ChangePolicy;
use shipway_model::resource::change_policy::{ApprovalRule, RecordOf};
use shipway_model::{ChangeId, Name};

/// Proposals, and the policy as it would be with all of them. Nothing changes until somebody declares it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalsView {
    pub proposals: Vec<ProposalView>,
    pub policy: ChangePolicy,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProposalView {
    pub threshold: Name,
    pub of: RecordOf,
    /// The Team or service whose record it is.
    pub about: Name,
    /// `tighten` or `loosen`.
    pub way: String,
    /// So many of its latest changes were looked at.
    pub changes: u32,
    /// Those that were taken back or stopped.
    pub failures: Vec<ChangeId>,
    /// The rule that comes or goes.
    pub rule: ApprovalRule,
}
