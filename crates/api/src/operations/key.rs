//! The keys that people sign with, and who speaks for whom.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Digest;
use shipway_model::approval::PersonKey;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::change::{DelegationView, KeyView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeyPath {
    pub key: Digest,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Revocation {
    /// From when on it may have been in other hands: what it signed since then falls. Nothing falls when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<Timestamp>,
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewDelegation {
    /// Who speaks for the caller.
    #[schemars(length(min = 1, max = 200))]
    pub to: String,
    pub until: Timestamp,
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delegate {
    pub to: String,
}

operations! {
    /// Register a key that the caller signs with.
    RegisterKey "registerKey": Post "/api/v1/keys", Approver {
        body: Json<PersonKey>,
        answer: Json<KeyView>,
        status: 201,
        errors: [InvalidKey, KeyTaken, InvalidReason],
    }

    /// List the keys that people sign with.
    ListKeys "listKeys": Get "/api/v1/keys", Viewer {
        answer: Json<Page<KeyView>>,
    }

    /// Revoke a key; anybody who operates may, since a stolen one cannot wait for its owner.
    RevokeKey "revokeKey": Post "/api/v1/keys/{key}/revoke", Approver {
        path: KeyPath,
        body: Json<Revocation>,
        answer: Json<KeyView>,
        errors: [UnknownKey, InvalidReason],
    }

    /// List who speaks for whom.
    ListDelegations "listDelegations": Get "/api/v1/delegations", Viewer {
        answer: Json<Page<DelegationView>>,
    }

    /// Let somebody speak for the caller.
    GrantDelegation "grantDelegation": Post "/api/v1/delegations", Approver {
        body: Json<NewDelegation>,
        answer: Json<DelegationView>,
        status: 201,
        errors: [InvalidDelegation, InvalidReason],
    }

    /// Let somebody speak for the caller no longer.
    EndDelegation "endDelegation": Post "/api/v1/delegations/end", Approver {
        body: Json<Delegate>,
        answer: Json<Page<DelegationView>>,
        errors: [InvalidDelegation],
    }
}
