//! Who may do what and why, and privilege for a time.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::access::{Commit, Privilege};
use shipway_model::{GrantId, Name, RolloutId};

use super::operations;
use crate::operations::release::ReleasePath;
use crate::page::Page;
use crate::payload::Json;
use crate::selector::ReleaseSelector;
use crate::view::access::{Able, Explanation, GrantView};

/// What somebody would do, and with what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhoCanQuery {
    /// An operation's id, for example `startRollout`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseSelector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutId>,
}

/// The same, and who would do it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WhyQuery {
    /// The name on a token or an account.
    #[schemars(length(min = 1, max = 100))]
    pub principal: String,
    /// An operation's id, for example `startRollout`.
    pub action: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseSelector>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GrantPath {
    pub grant: GrantId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndGrantRequest {
    #[serde(default)]
    #[schemars(length(max = 2000))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CommitList {
    #[schemars(length(min = 1, max = 10000))]
    pub commits: Vec<Commit>,
}

operations! {
    /// List who can do something, each with the policies that allow it.
    WhoCan "whoCan": Get "/api/v1/access/who-can", Auditor {
        query: WhoCanQuery,
        answer: Json<Page<Able>>,
    }

    /// Show whether somebody may do something, the question as policies see it, and which of them decide.
    WhyAccess "whyAccess": Get "/api/v1/access/why", Auditor {
        query: WhyQuery,
        answer: Json<Vec<Explanation>>,
    }

    /// Ask for a role for a while; somebody else has to say yes.
    RequestGrant "requestGrant": Post "/api/v1/grants", Viewer {
        body: Json<Privilege>,
        answer: Json<GrantView>,
        status: 201,
        errors: [InvalidGrant, InvalidReason],
    }

    /// List privilege that was asked for, with everything that was done under it, the newest first.
    ListGrants "listGrants": Get "/api/v1/grants", Viewer {
        answer: Json<Page<GrantView>>,
    }

    /// Say yes to privilege that somebody else asked for. It begins at once.
    ApproveGrant "approveGrant": Post "/api/v1/grants/{grant}/approve", Admin {
        path: GrantPath,
        answer: Json<GrantView>,
        errors: [UnknownGrant, SelfApproval, WrongPhase],
    }

    /// End one's own privilege, or, as an admin, anybody's, before its time.
    EndGrant "endGrant": Post "/api/v1/grants/{grant}/end", Viewer {
        path: GrantPath,
        body: Json<EndGrantRequest>,
        answer: Json<GrantView>,
        errors: [UnknownGrant, InvalidReason],
    }

    /// Record who wrote what a release brings, before it is sealed.
    RecordCommits "recordCommits": Put "/api/v1/releases/{release}/commits", Builder {
        path: ReleasePath,
        body: Json<CommitList>,
        answer: (),
        status: 204,
        errors: [UnknownRelease, ReleaseSealed, InvalidCommits],
    }
}
