//! A pause that stands.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::event::Scope;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PauseView {
    pub scope: Scope,
    pub reason: String,
    pub by: String,
    pub since: Timestamp,
}
