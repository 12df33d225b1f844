//! Access tokens, never with their secrets, but for the one answer that issues one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::access::TokenScope;
use shipway_model::event::Role;
use shipway_model::{Name, TokenId};

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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// Given at a sign-in, and gone with it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub signed_in: bool,
}

fn is_false(it: &bool) -> bool {
    !it
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
    /// Who stands behind the name: the declared Person, whatever name they act by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Name>,
    /// Signed in with a password that somebody else has chosen: nothing but its change is open.
    #[serde(default, skip_serializing_if = "is_false")]
    pub must_change_password: bool,
    /// What the token is limited to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
}
