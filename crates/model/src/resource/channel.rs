//! Channels: where people are told that something waits for them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::SecretRef;
use crate::Name;

/// Messages are posted there as JSON, signed as [Standard Webhooks](https://www.standardwebhooks.com) are, at least once each and
/// under an id that stays the same when one comes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Channel {
    /// Where messages go, for example `https://chat.example.org/hooks/releases`.
    #[schemars(length(max = 2000))]
    pub url: String,
    /// What messages are signed with (HMAC-SHA-256), read on the control plane's machine. `whsec_` and base64 stand for the bytes
    /// that they encode; any other text for itself.
    pub secret: SecretRef,
    /// What it tells of; everything there is when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tells: BTreeSet<Occasion>,
    /// Changes of these protected environments, and trains and rollouts into these; all of them when empty. Releases are for no environment
    /// yet when their consumers are told, and so are told of by every channel.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
}

/// What people are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Occasion {
    /// Nobody has answered what a change asks, and it is time to remind those who are asked.
    Reminder,
    /// Still nobody has: the word of others is as good from now on.
    Escalation,
    /// A vendor's promise endangers a departure of a Train.
    Promise,
    /// A release changes what other teams' services depend on.
    Consumers,
    /// A review that is owed, or an action of one, is overdue.
    Review,
    /// A rollout is taken back, and with it what other teams' services depend on.
    Rollback,
    /// A rollout has halted: it goes no further, nor back, until a person decides.
    Halt,
    /// A rollout that had begun stands half done: somebody paused it, or a calendar closed on it.
    Hold,
}

impl Occasion {
    pub const ALL: [Self; 8] = [
        Self::Reminder,
        Self::Escalation,
        Self::Promise,
        Self::Consumers,
        Self::Review,
        Self::Rollback,
        Self::Halt,
        Self::Hold,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Reminder => "reminder",
            Self::Escalation => "escalation",
            Self::Promise => "promise",
            Self::Consumers => "consumers",
            Self::Review => "review",
            Self::Rollback => "rollback",
            Self::Halt => "halt",
            Self::Hold => "hold",
        }
    }
}

impl Channel {
    pub fn tells_of(&self, occasion: Occasion) -> bool {
        self.tells.is_empty() || self.tells.contains(&occasion)
    }

    /// Whether it is told of what concerns `environment`; what concerns none is told of everywhere.
    pub fn covers(&self, environment: Option<&Name>) -> bool {
        self.environments.is_empty() || environment.is_none_or(|it| self.environments.contains(it))
    }
}
