//! What passes between our changes and the ITSM tools that mirror them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Name};

/// The tool shows the change as it then stood.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mirrored {
    pub mirror: Name,
    /// What the tool calls it for itself, by which it is updated.
    pub reference: String,
    /// What people call it there, for example `CHG0030042` or `OPS-17`.
    pub number: String,
    /// Of the fields that were sent.
    pub digest: Digest,
}

/// What the tool says about a change. It informs, and may hold; it never approves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Answer {
    pub mirror: Name,
    /// The state there, in the tool's own words.
    #[schemars(length(min = 1, max = 200))]
    pub state: String,
    /// The word about approval there, where the tool keeps one apart from the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 200))]
    pub approval: Option<String>,
    /// Who changed it there, as the tool says.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 200))]
    pub by: String,
    /// Whether nothing begins while it stands so there.
    pub holds: bool,
    /// The tool's own number for this message, so that one that comes twice counts once.
    #[schemars(length(min = 1, max = 200))]
    pub delivery: String,
}
