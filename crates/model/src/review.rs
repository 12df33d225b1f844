//! Reviews: what a failed, taken back or emergency release owes afterwards, without blame.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;

/// What was learnt. The timeline is not written down: the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Review {
    /// What happened, and what it did to whom.
    #[schemars(length(min = 1, max = 2000))]
    pub summary: String,
    /// What let it happen; systems and rules, not people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2000))]
    pub causes: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub actions: Vec<Action>,
    /// Runbooks that it has shown to be out of date: each owes a revision.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 50))]
    pub runbooks: BTreeSet<Name>,
}

/// What somebody will do so that it does not come back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Action {
    /// What it is called, among the actions of its review.
    pub name: Name,
    /// The Team that does it.
    pub owner: Name,
    /// From this instant on it is overdue, and its owner's next normal change waits for it.
    pub due: Timestamp,
}
