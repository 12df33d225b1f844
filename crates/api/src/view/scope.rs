//! The scope of a release, and what was asked to come in late.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::LateId;
use shipway_model::scope::{Destination, Item, LateItem, Planned};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScopeView {
    pub planned: Planned,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub freeze: Option<Timestamp>,
    /// Nothing comes in any more but by exception.
    pub frozen: bool,
    /// In the order of their names, with those that were deferred.
    pub items: Vec<ItemView>,
    /// Everything that was asked to come in late, the earliest first.
    pub late: Vec<LateView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ItemView {
    #[serde(flatten)]
    pub item: Item,
    pub by: String,
    pub at: Timestamp,
    /// The exception by which it came in after the freeze.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub late: Option<LateId>,
    /// The release with which it was meant to come before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_from: Option<Planned>,
    /// Where it went instead of coming with this release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deferred_to: Option<Destination>,
    /// Why.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LateView {
    pub id: LateId,
    #[serde(flatten)]
    pub late: LateItem,
    /// `requested`, `let in` or `lapsed`.
    pub standing: String,
    pub requested_by: String,
    pub requested: Timestamp,
    /// Two others are needed.
    pub approved_by: Vec<String>,
}
