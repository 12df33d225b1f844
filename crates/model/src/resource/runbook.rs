//! Runbooks: what people do by hand with a service, written down, read by a peer, and sealed into releases.
//!
//! Every applied revision is kept. A release binds the revision that holds when it is sealed, so whoever signs for the
//! release signs for its fallbacks too: they are run later without asking anybody again.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pipeline::Stage;
use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Runbook {
    pub purpose: Purpose,
    /// The Services that it is about.
    #[schemars(length(min = 1, max = 200))]
    pub services: BTreeSet<Name>,
    /// What to do, for people: Markdown.
    #[schemars(length(min = 1, max = 100_000))]
    pub text: String,
    /// What of the service it tells about: a release that changes it makes the runbook out of date.
    #[serde(default, skip_serializing_if = "Describes::is_nothing")]
    pub describes: Describes,
    /// Within this time after something made it out of date, a new revision is due; from then on the next normal change of its
    /// services waits.
    #[serde(default = "revise_within_default")]
    pub revise_within: Millis,
    /// What may be run at once when it is needed, because it was agreed to with the release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 50))]
    pub fallbacks: Vec<Fallback>,
}

/// What a runbook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    Deployment,
    Rollback,
    Operating,
}

/// What a runbook is right about only for as long as it stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Describes {
    /// Files of the sources: `*` within a folder, `**` across folders.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 200))]
    pub paths: BTreeSet<String>,
    /// How the services are started, checked and stopped: `deployment` of their declarations.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deployment: bool,
}

/// A way out that was agreed to beforehand.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Fallback {
    pub name: Name,
    /// When it is the right thing to do, for people.
    #[schemars(length(min = 1, max = 500))]
    pub when: String,
    /// What is done, as stages of a pipeline: commands, calls, waits, journeys and verifications.
    #[schemars(length(min = 1, max = 50))]
    pub stages: Vec<Stage>,
}

fn revise_within_default() -> Millis {
    Millis::from_secs(5 * 24 * 3600)
}

impl Describes {
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Deployment => "deployment",
            Self::Rollback => "rollback",
            Self::Operating => "operating",
        }
    }
}

impl Runbook {
    pub fn fallback(&self, name: &Name) -> Option<&Fallback> {
        self.fallbacks.iter().find(|it| it.name == *name)
    }
}
