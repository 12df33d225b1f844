//! Releases.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::release::Bundle;

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::selector::ReleaseSelector;
use crate::view::release::{ReleaseDiff, ReleaseView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ReleasePath {
    pub release: ReleaseSelector,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DiffQuery {
    /// The release to compare with.
    pub against: ReleaseSelector,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Acceptance {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 2000))]
    pub note: String,
}

operations! {
    /// Create a release from registered builds. It is shipped once it is sealed.
    CreateRelease "createRelease": Post "/api/v1/releases", Builder {
        body: Json<Bundle>,
        answer: Json<ReleaseView>,
        status: 201,
        errors: [ReleaseExists, ReleaseSealed, UnknownArtifact, InvalidKnownError],
    }

    /// Seal a release: bind everything in it, with the declarations as they are now, under one digest.
    SealRelease "sealRelease": Post "/api/v1/releases/{release}/seal", Builder {
        path: ReleasePath,
        answer: Json<ReleaseView>,
        errors: [UnknownRelease, UnknownService, OutOfScope, NotACandidate],
    }

    /// Take on what a sealed release is known to do wrong; not by whoever had a hand in it.
    AcceptKnownErrors "acceptKnownErrors": Post "/api/v1/releases/{release}/known-errors/accept", Approver {
        path: ReleasePath,
        body: Json<Acceptance>,
        answer: Json<ReleaseView>,
        errors: [UnknownRelease, ReleaseNotSealed, NotAsked, SelfApproval, InvalidReason],
    }

    /// List releases, the newest first.
    ListReleases "listReleases": Get "/api/v1/releases", Viewer {
        query: ReleaseQuery,
        answer: Json<Page<ReleaseView>>,
    }

    /// Show a release.
    ShowRelease "showRelease": Get "/api/v1/releases/{release}", Viewer {
        path: ReleasePath,
        answer: Json<ReleaseView>,
        errors: [UnknownRelease],
    }

    /// Show what differs between two releases.
    DiffReleases "diffReleases": Get "/api/v1/releases/{release}/diff", Viewer {
        path: ReleasePath,
        query: DiffQuery,
        answer: Json<ReleaseDiff>,
        errors: [UnknownRelease],
    }
}
