//! Access tokens.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::TokenId;
use shipway_model::access::TokenScope;
use shipway_model::event::Role;

use super::operations;
use crate::page::{Page, PageQuery};
use crate::payload::Json;
use crate::view::token::{Identity, IssuedToken, TokenView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewToken {
    /// Who will hold it; of an agent, its host's name.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    pub role: Role,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
    /// What a machine may do with it, beside its role: only these services, environments and operations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TokenPath {
    pub token: TokenId,
}

operations! {
    /// Issue a token. Its secret is in this answer and nowhere else.
    IssueToken "issueToken": Post "/api/v1/tokens", Admin {
        body: Json<NewToken>,
        answer: Json<IssuedToken>,
        status: 201,
        errors: [SecretShown, InvalidReason, Impersonation],
    }

    /// List the tokens that are valid.
    ListTokens "listTokens": Get "/api/v1/tokens", Auditor {
        query: PageQuery,
        answer: Json<Page<TokenView>>,
    }

    /// Revoke a token, at once and for ever.
    RevokeToken "revokeToken": Delete "/api/v1/tokens/{token}", Admin {
        path: TokenPath,
        answer: (),
        status: 204,
        errors: [UnknownToken],
    }

    /// Show who the caller is taken for.
    WhoAmI "whoAmI": Get "/api/v1/whoami", AnyToken {
        answer: Json<Identity>,
    }
}
