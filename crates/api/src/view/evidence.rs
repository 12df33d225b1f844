//! An attached document.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::EvidenceId;
use shipway_model::evidence::Attachment;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EvidenceView {
    pub id: EvidenceId,
    #[serde(flatten)]
    pub evidence: Attachment,
    pub at: Timestamp,
    /// The identity that sent it.
    pub by: String,
}
