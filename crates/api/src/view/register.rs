//! The register of exceptions of every kind.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something that was let through although a rule would have stopped it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RegisterEntry {
    pub kind: ExceptionKind,
    /// Of the exception, waiver, change, late item or grant.
    pub id: String,
    pub what: String,
    pub why: String,
    pub owner: String,
    pub approved_by: Vec<String>,
    /// Where it stands, in one word, for example `in force`.
    pub standing: String,
    pub requested: Timestamp,
    /// When it ends by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What went through on account of it.
    pub touched: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionKind {
    /// Through a closed calendar.
    Calendar,
    /// Past a gate.
    Waiver,
    /// Past boards and owed reviews.
    Hotfix,
    /// Into a frozen scope.
    LateItem,
    /// More than one's role.
    Privilege,
}

impl ExceptionKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Calendar => "calendar",
            Self::Waiver => "waiver",
            Self::Hotfix => "hotfix",
            Self::LateItem => "late-item",
            Self::Privilege => "privilege",
        }
    }
}
