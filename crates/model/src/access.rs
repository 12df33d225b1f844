//! Accounts of people, what a token is limited to, and privilege for a time.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::event::Role;
use crate::release::Class;
use crate::{Millis, Name};

/// The longest time for which privilege may be asked.
pub const PRIVILEGE_MAX: Millis = Millis::from_secs(24 * 3600);
/// The longest time for the run of a pipeline.
pub const RUN_PRIVILEGE_MAX: Millis = Millis::from_secs(3600);
/// The shortest: less is over before it is approved.
pub const PRIVILEGE_MIN: Millis = Millis::from_secs(60);
/// Commits that may be recorded for one release.
pub const COMMITS_MAX: usize = 10_000;

/// A local account, by which a person signs in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Account {
    /// The name under which it signs in and acts.
    #[schemars(length(min = 1, max = 100))]
    pub name: String,
    pub role: Role,
    /// The declared Person whose account it is, where the Person does not name it among its accounts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<Name>,
}

/// What a machine's token is limited to, beside its role. An empty set does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TokenScope {
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// Operations of the API, by their ids, for example `registerArtifact`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub operations: BTreeSet<String>,
    /// Kinds of evidence, such as `tests`, and of statements, such as `sign-off`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub evidence_kinds: BTreeSet<Name>,
}

impl TokenScope {
    pub fn is_everything(&self) -> bool {
        self.services.is_empty()
            && self.environments.is_empty()
            && self.operations.is_empty()
            && self.evidence_kinds.is_empty()
    }
}

/// A role that somebody wants for a while.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Privilege {
    pub role: Role,
    /// Only there; everywhere when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// How long it lasts once it is approved; it ends by itself.
    pub duration: Millis,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
    /// The run of a pipeline that needs it, as the CI names it; machines have to say it, people do not.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub run: String,
}

/// Who had a hand in one commit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Commit {
    /// The commit's hash in hexadecimal.
    #[schemars(length(min = 7, max = 64))]
    pub id: String,
    /// The address of the author.
    #[schemars(length(max = 320))]
    pub author: String,
    #[schemars(length(max = 320))]
    pub committer: String,
    /// Addresses from `Co-authored-by:` lines.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub co_authors: Vec<String>,
}

/// May this be done? With everything that the answer may depend on, so that whoever has the question and the policies can
/// answer it again and gets the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Question {
    pub principal: Principal,
    /// The operation's id, for example `startRollout`.
    pub action: String,
    pub resource: Thing,
    /// The environment that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// The release, as `NAME@VERSION`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The services that it touches, with the teams that own them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub services: BTreeMap<Name, Option<Name>>,
    /// The ITIL type of the change; of the release where none is open yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub change_type: Option<Class>,
    /// The Regulations under which its services fall.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regulations: BTreeSet<Name>,
    /// The environment keeps apart those who make a release and those who let it pass.
    #[serde(default)]
    pub segregated: bool,
    /// Who had a hand in the release, in any way.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub hands: BTreeSet<String>,
    /// Of these, who wrote what is in it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub authors: BTreeSet<String>,
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Principal {
    pub kind: PrincipalKind,
    /// The Person's name, or the name under which somebody who is not declared acts.
    pub name: String,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roles: BTreeSet<Role>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<Name>,
    /// All who may be acting under the name, the principal among them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub behind: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<TokenScope>,
    /// Signed in with a password that somebody else has given.
    #[serde(default)]
    pub must_change_password: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PrincipalKind {
    Person,
    Machine,
    Agent,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Thing {
    pub kind: ThingKind,
    pub name: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ThingKind {
    /// Everything that is none of the others.
    ControlPlane,
    Environment,
    Service,
    Release,
    Rollout,
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ruling {
    pub allowed: bool,
    /// The policies that made it so, as `FILE/POLICY`; none when nothing permits it.
    pub because: Vec<String>,
    /// Policies that could not be evaluated, and why. One that forbids counts as if it did.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<String>,
}

impl PrincipalKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Person => "Person",
            Self::Machine => "Machine",
            Self::Agent => "Agent",
        }
    }
}

impl ThingKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "ControlPlane",
            Self::Environment => "Environment",
            Self::Service => "Service",
            Self::Release => "Release",
            Self::Rollout => "Rollout",
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}
