//! Scopes of releases: freezes, items, what comes late and what moves on.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::scope::{Destination, Item};
use shipway_model::{LateId, Name};

use super::operations;
use super::release::ReleasePath;
use crate::payload::Json;
use crate::selector::ReleaseSelector;
use crate::view::scope::ScopeView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ItemPath {
    pub release: ReleaseSelector,
    pub item: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LatePath {
    pub late: LateId,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FreezeAt {
    pub at: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LateRequest {
    pub item: Item,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Defer {
    pub to: Destination,
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

operations! {
    /// Show what a release is meant to bring.
    ShowScope "showScope": Get "/api/v1/releases/{release}/scope", Viewer {
        path: ReleasePath,
        answer: Json<ScopeView>,
        errors: [UnknownRelease, UnknownScope],
    }

    /// Say from when on nothing comes into a release but by exception.
    FreezeScope "freezeScope": Post "/api/v1/releases/{release}/scope/freeze", Operator {
        path: ReleasePath,
        body: Json<FreezeAt>,
        answer: Json<ScopeView>,
        errors: [UnknownRelease, ReleaseSealed, ScopeFrozen],
    }

    /// Add something to what a release is meant to bring.
    AddScopeItem "addScopeItem": Post "/api/v1/releases/{release}/scope/items", Operator {
        path: ReleasePath,
        body: Json<Item>,
        answer: Json<ScopeView>,
        errors: [UnknownRelease, UnknownService, ReleaseSealed, ScopeFrozen, InvalidScope, InvalidReason],
    }

    /// Move something out of a release, with the reason and where it goes.
    DeferScopeItem "deferScopeItem": Post "/api/v1/releases/{release}/scope/items/{item}/defer", Operator {
        path: ItemPath,
        body: Json<Defer>,
        answer: Json<ScopeView>,
        errors: [UnknownRelease, UnknownScope, ReleaseSealed, ScopeFrozen, InvalidScope, InvalidReason],
    }

    /// Ask to let something in after the freeze; two others have to say yes.
    RequestLateItem "requestLateItem": Post "/api/v1/releases/{release}/scope/late", Operator {
        path: ReleasePath,
        body: Json<LateRequest>,
        answer: Json<ScopeView>,
        status: 201,
        errors: [UnknownRelease, UnknownScope, UnknownService, ReleaseSealed, InvalidScope, InvalidReason],
    }

    /// Say that something may come in after the freeze; not by whoever asked for it.
    ApproveLateItem "approveLateItem": Post "/api/v1/late-items/{late}/approve", Approver {
        path: LatePath,
        answer: Json<ScopeView>,
        errors: [UnknownLateItem, SelfApproval, ReleaseSealed, WrongPhase],
    }
}
