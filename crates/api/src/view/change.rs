//! A change as it stands: of which type and why, its risk, whose word it has and needs, and what it waits for.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::approval::{Approval, PersonKey};
use shipway_model::change::{Change, Shown};
use shipway_model::release::ReleaseRef;
use shipway_model::review::Review;
use shipway_model::{ChangeId, Name};

use super::board::{RecordView, TallyView};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChangeView {
    pub id: ChangeId,
    #[serde(flatten)]
    pub change: Change,
    pub release: ReleaseRef,
    pub environment: Name,
    pub requested_by: String,
    pub opened: Timestamp,
    /// The state of its workflow in which it stands; absent when it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<Name>,
    /// What keeps it from beginning, in sentences; empty when nothing does or it has begun.
    pub against: Vec<String>,
    /// Whose word it needs, by rule.
    pub requirements: Vec<RequirementView>,
    /// The boards that see it, and how far each is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub boards: Vec<TallyView>,
    /// What was followed, bypassed and let through by exception.
    #[serde(default)]
    pub record: RecordView,
    /// Every word that was given, the earliest first.
    pub words: Vec<WordView>,
    /// What a signature would be over now; absent once later rollouts have followed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shown: Option<Shown>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<ReviewView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RequirementView {
    /// The rule's name; with the Team, where each owner is asked.
    pub name: String,
    pub needed: u32,
    /// Whose words count for it.
    pub given: Vec<String>,
    /// Who could give what is missing.
    pub can: Vec<String>,
    pub satisfied: bool,
    /// Gates that have to pass first, and do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<String>,
    /// When others are asked beside them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalates: Option<Timestamp>,
    /// Others are asked beside them, because nobody answered in time.
    #[serde(default)]
    pub escalated: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WordView {
    pub by: String,
    pub at: Timestamp,
    #[serde(flatten)]
    pub approval: Approval,
    /// Why it does not count now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub void: Option<String>,
}

/// What the end of a change owes, or what was learnt from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReviewView {
    pub change: ChangeId,
    pub release: ReleaseRef,
    pub environment: Name,
    /// `owed`, `overdue`, `held`, or `closed` when every action is done.
    pub standing: String,
    /// What happened, as the end of a sentence, while it is owed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub why: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held_by: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub held: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub review: Option<Review>,
    /// The actions that are done.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub done: Vec<Name>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct KeyView {
    #[serde(flatten)]
    pub key: PersonKey,
    pub owner: String,
    pub registered: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<Timestamp>,
    /// What was recorded from here on does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DelegationView {
    pub from: String,
    pub to: String,
    pub granted: Timestamp,
    pub until: Timestamp,
    pub reason: String,
    pub holds: bool,
}
