//! Proposals of rules by measured records.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;

use super::operations;
use crate::payload::Json;
use crate::view::threshold::ProposalsView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChangePolicyPath {
    pub policy: Name,
}

operations! {
    /// Propose rules that measured records ask for or let go. Nothing changes until somebody declares them.
    ProposeRules "proposeRules": Get "/api/v1/change-policies/{policy}/proposals", Viewer {
        path: ChangePolicyPath,
        answer: Json<ProposalsView>,
        errors: [InvalidChange],
    }
}
