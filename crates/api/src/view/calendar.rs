//! Calendars that are fetched from elsewhere.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CalendarFeedView {
    pub name: Name,
    pub url: String,
    pub every: Millis,
    /// Rules of the last calendar that could be taken; they bind.
    pub n_rules: usize,
    /// Events of it that were left out.
    pub n_left_out: u32,
    /// Since when it is so; absent when it was never fetched.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    /// Why it cannot be taken now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
