//! Webhooks: a CI system that tells us what it built, and by what we know that it is the one.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::service::SecretRef;

/// Messages of the sender come to `POST /api/v1/webhooks/NAME`. What they tell is recorded as what the sender says; it is no
/// evidence, and no gate counts it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Webhook {
    pub sender: Sender,
    /// What both sides know, read on the control plane's machine. GitHub signs each message with it, GitLab sends it as
    /// `X-Gitlab-Token`, Jenkins as the password of the address; senders of CDEvents as a bearer token.
    pub secret: SecretRef,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Sender {
    Github,
    Gitlab,
    /// Its plugin `notification`, in the format JSON.
    Jenkins,
    /// Anybody who sends CDEvents as CloudEvents over HTTP, in binary or structured mode.
    Cdevents,
}

impl Sender {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Jenkins => "jenkins",
            Self::Cdevents => "cdevents",
        }
    }
}
