//! Runbooks: who has read which revision, what is out of date, and which fallbacks are agreed to.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::resource::runbook::Purpose;
use shipway_model::{Digest, Name};

/// A runbook as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RunbookView {
    pub name: Name,
    pub purpose: Purpose,
    pub services: BTreeSet<Name>,
    pub revision: Digest,
    /// How many times it was declared differently, from 1.
    pub number: u32,
    /// Who declared this revision.
    pub written_by: String,
    /// Who else has read this revision; nobody when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<ReadView>,
    /// Why another revision is owed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outdated: Option<OutdatedView>,
    pub fallbacks: Vec<FallbackView>,
    /// Markdown.
    pub text: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReadView {
    pub by: String,
    pub at: Timestamp,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub note: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OutdatedView {
    pub since: Timestamp,
    /// From then on the next normal change of its services waits.
    pub due: Timestamp,
    pub reasons: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FallbackView {
    pub name: Name,
    /// When it is the right thing to do.
    pub when: String,
    /// Environments in which it can be run now: a release stands there that was sealed with it.
    pub agreed_in: BTreeSet<Name>,
}
