//! What is told through Channels.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::resource::channel::Occasion;
use shipway_model::{Digest, Name};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelView {
    pub channel: Name,
    /// What it tells of.
    pub tells: BTreeSet<Occasion>,
    /// Messages that it has taken, and the instant of the last one.
    pub n_told: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
    /// Messages that could not be left there in three days.
    pub n_given_up: u64,
    /// What it has not taken yet, the oldest first.
    pub waiting: Vec<NoticeView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NoticeView {
    /// The message's `webhook-id` is `msg_` and this in hexadecimal.
    pub id: Digest,
    pub occasion: Occasion,
    /// When it came up.
    pub at: Timestamp,
    /// Why it could not be told the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}
