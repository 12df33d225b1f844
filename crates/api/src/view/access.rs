//! Answers about access, and privilege for a time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::access::{PrincipalKind, Privilege, Question, Ruling};
use shipway_model::event::Role;
use shipway_model::{GrantId, Name};

/// Somebody who could do what was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Able {
    /// The name on the token or account.
    pub name: String,
    pub kind: PrincipalKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Name>,
    pub role: Role,
    /// The policies that allow it.
    pub because: Vec<String>,
    /// The grant without which it would not be allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}

/// One answer, and everything that it was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explanation {
    pub question: Question,
    pub ruling: Ruling,
    /// Which deeds stand against it, where duties are segregated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deeds: Vec<String>,
    /// The grant that allows it all the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<GrantId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantView {
    pub id: GrantId,
    #[serde(flatten)]
    pub privilege: Privilege,
    /// `requested`, `lapsed`, `in force`, `expired` or `ended`.
    pub standing: String,
    pub requested_by: String,
    pub requested: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approved_by: Option<String>,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// What was done on account of it, the oldest first; the ledger has all of it.
    pub uses: Vec<GrantUse>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct GrantUse {
    pub at: Timestamp,
    pub by: String,
    pub operation: String,
    pub resource: String,
}
