//! Local accounts, never with their passwords, but for the one answer that gives one.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::access::Account;
use shipway_model::{AccountId, Name};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct AccountView {
    pub id: AccountId,
    pub account: Account,
    /// The declared Person behind it, whether the account names the Person or the Person the account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_as: Option<Name>,
    pub added: Timestamp,
    pub added_by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<Timestamp>,
    /// Its password is still one that somebody else has chosen.
    pub must_change_password: bool,
}

/// Shown once and not kept.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct OneTimePassword {
    pub account: AccountView,
    /// It opens nothing but the change to another one.
    pub password: String,
}

impl std::fmt::Debug for OneTimePassword {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OneTimePassword({})", self.account.id)
    }
}
