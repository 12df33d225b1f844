//! Access tokens, never with their secrets, but for the one answer that issues one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::TokenId;
use shipway_model::event::Role;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenView {
    pub id: TokenId,
    /// Who holds it; of an agent, its host.
    pub name: String,
    pub role: Role,
    pub issued_at: Timestamp,
    pub issued_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct IssuedToken {
    pub token: TokenView,
    /// The whole bearer token. It is shown once and not kept.
    pub secret: String,
}

/// What the control plane makes of the caller's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Identity {
    pub name: String,
    pub role: Role,
}
