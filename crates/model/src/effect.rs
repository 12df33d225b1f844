//! Effects: what drivers and agents are asked to do in the world, and what they answer.
//!
//! An effect is performed at least once and fenced by its generation. Its performer observes before it acts, so a
//! second performance of the same key changes nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::plan::{Coverage, Instance, StepId};
use crate::release::ReleaseRef;
use crate::resource::Journey;
use crate::resource::metric::Source;
use crate::resource::pipeline::{Command, Http};
use crate::resource::service::Deployment;
use crate::resource::strategy::{Analysis, Watch};
use crate::routing::Route;
use crate::text::read_as_text;
use crate::{Digest, Millis, Name, RolloutId, Version};

/// Names one effect for ever: written `rol_…/7/do/1`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(into = "String")]
#[schemars(with = "String")]
pub struct EffectKey {
    pub rollout: RolloutId,
    pub step: StepId,
    pub direction: Direction,
    /// From 1.
    pub attempt: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// The step's action.
    Do,
    /// The step's undo.
    Undo,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an effect key: they look like `rol_…/7/do/1`")]
pub struct InvalidEffectKey(String);

/// Who performs an effect.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Performer {
    /// A driver in the control plane.
    Server,
    /// The agent of this host.
    Agent(Name),
}

/// One thing to be done in the world.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Effect {
    pub key: EffectKey,
    pub performer: Performer,
    /// Performing longer than this counts as a failure.
    pub timeout: Millis,
    pub order: Order,
}

/// An effect in the hands of a performer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lease {
    pub effect: Effect,
    /// Fence: grows with every lease of the same effect. Whoever holds a lower one has lost it.
    pub generation: u32,
    /// The lease ends after this unless it is renewed by asking again.
    pub expires_in: Millis,
}

/// What exactly to do: a step's action with everything looked up that its performer needs. Fields that are not known are
/// passed over: effects are stored, and an earlier version may have said more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Order {
    Place {
        instance: Instance,
        artifact: Digest,
        contract: Arc<Deployment>,
    },
    Retire {
        instance: Instance,
        contract: Arc<Deployment>,
    },
    Verify {
        instance: Instance,
    },
    Command {
        environment: Name,
        target: Name,
        command: Command,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        artifact: Option<Digest>,
    },
    Route {
        admin: String,
        route: Route,
    },
    Bake {
        metrics: MetricsSource,
        version: Version,
        duration: Millis,
        requests: u64,
    },
    Analyse {
        metrics: MetricsSource,
        control: Version,
        canary: Version,
        rule: Analysis,
        /// Where metrics come from that the router does not count, by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sources: BTreeMap<Name, Source>,
        /// Journeys that the canary has to pass before it counts as healthy.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        journeys: Vec<Coverage>,
    },
    Watch {
        metrics: MetricsSource,
        control: Version,
        canary: Version,
        rule: Watch,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        sources: BTreeMap<Name, Source>,
    },
    Http {
        request: Http,
    },
    Journey {
        name: Name,
        journey: Journey,
        base_url: String,
        #[serde(skip_serializing_if = "Option::is_none", default)]
        version: Option<Version>,
    },
    /// Ask the gates once. What they say is recorded by the command that decides.
    Gates {
        release: ReleaseRef,
        environment: Name,
        policies: BTreeMap<Name, Digest>,
    },
}

/// Where the numbers of a service in an environment come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricsSource {
    /// Of the router's admin interface.
    pub admin: String,
    pub environment: Name,
    pub service: Name,
}

/// How an effect ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "outcome", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Outcome {
    Succeeded {
        result: Success,
    },
    Failed {
        /// A sentence: what failed, with the value.
        reason: String,
        /// False when another attempt cannot help (a corrupt artifact, a harmful canary).
        retryable: bool,
        /// The judge's word, when it was the judge who said no.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        verdict: Option<Box<Verdict>>,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Success {
    /// Healthy, and reached here.
    Placed {
        address: SocketAddr,
    },
    Retired {},
    Verified {},
    Routed {
        revision: u64,
    },
    /// A command or call that ended well.
    Completed {
        summary: String,
    },
    Judged {
        verdict: Box<Verdict>,
    },
}

impl fmt::Display for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.rollout, self.step.0, self.direction.as_str(), self.attempt)
    }
}

impl fmt::Debug for EffectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for EffectKey {
    type Err = InvalidEffectKey;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let invalid = || InvalidEffectKey(text.chars().take(80).collect());
        let mut parts = text.split('/');
        let mut part = || parts.next().ok_or_else(invalid);
        let key = Self {
            rollout: part()?.parse().map_err(|_| invalid())?,
            step: StepId(part()?.parse().map_err(|_| invalid())?),
            direction: match part()? {
                "do" => Direction::Do,
                "undo" => Direction::Undo,
                _ => return Err(invalid()),
            },
            attempt: part()?.parse().map_err(|_| invalid())?,
        };
        if parts.next().is_some() { Err(invalid()) } else { Ok(key) }
    }
}

impl TryFrom<String> for EffectKey {
    type Error = InvalidEffectKey;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

read_as_text!(EffectKey);

impl From<EffectKey> for String {
    fn from(key: EffectKey) -> Self {
        key.to_string()
    }
}

impl Direction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Do => "do",
            Self::Undo => "undo",
        }
    }
}

impl fmt::Display for Performer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => f.write_str("server"),
            Self::Agent(host) => write!(f, "agent:{host}"),
        }
    }
}
