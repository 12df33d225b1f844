//! An alert that was told.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::alert::{Alert, Suspect};
use shipway_model::{AlertId, Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertView {
    pub id: AlertId,
    #[serde(flatten)]
    pub alert: Alert,
    /// The declared service that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// The environment that it names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// When it was told.
    pub at: Timestamp,
    /// The identity that told of it.
    pub by: String,
    /// Absent while it fires.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
    /// Suspects lie at most so long before it.
    pub horizon: Millis,
    /// Deployments and declarations before it, the likeliest first.
    pub suspects: Vec<Suspect>,
}

/// What a notification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AlertsTaken {
    /// Those that were not known.
    pub fired: Vec<AlertId>,
    /// Those that fire no more.
    pub resolved: Vec<AlertId>,
}
