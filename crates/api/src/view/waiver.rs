//! A waiver, and how far it is.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::WaiverId;
use shipway_model::gate::Waiver;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaiverView {
    pub id: WaiverId,
    #[serde(flatten)]
    pub waiver: Waiver,
    /// `requested`, `in force`, `lapsed` or `withdrawn`.
    pub standing: String,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Somebody else's word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
}
