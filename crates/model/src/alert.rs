//! An alert from outside, and what was deployed, declared or changed elsewhere before it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::release::ReleaseRef;
use crate::resource::Kind;
use crate::{Digest, Millis, Name, RolloutId};

/// Suspects lie at most so long before an alert.
pub const HORIZON: Millis = Millis::from_secs(24 * 60 * 60);
/// Suspects of one alert.
pub const SUSPECTS_MAX: usize = 20;
/// Labels and annotations of one alert, each.
pub const LABELS_MAX: usize = 64;
/// Bytes of the value of a label or an annotation; longer ones are cut off.
pub const LABEL_BYTES_MAX: usize = 1000;
/// Bytes of what a marker says.
pub const MARKER_BYTES_MAX: usize = 200;

/// Somebody else's monitoring says that something is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Alert {
    /// By which its sender tells it from others; one that fires again has the same.
    pub fingerprint: String,
    /// Its `alertname`.
    pub name: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    pub starts_at: Timestamp,
    /// Where its sender shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
}

/// A change that was made elsewhere, such as one of a feature flag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Marker {
    /// What changed, such as `flag new-checkout: off to on`. It names no person.
    pub what: String,
    /// When it took effect.
    pub at: Timestamp,
    /// The service that it touches; absent if it touches all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// Where it took effect; absent if everywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
}

/// A deployment, a change of what is declared or one that was made elsewhere, before an alert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Suspect {
    pub what: Culprit,
    /// When it began to take effect.
    pub at: Timestamp,
    /// So long before the alert.
    pub before: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// The services that it touches.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    /// From the alert's service along the dependencies to the nearest service that it touches: 0 for itself, 1 for what it
    /// needs directly. Absent where no way leads there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<u32>,
    /// A sentence.
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum Culprit {
    Rollout {
        id: RolloutId,
        release: ReleaseRef,
    },
    Resource {
        kind: Kind,
        name: Name,
        digest: Digest,
    },
    /// A change that was made elsewhere, as whoever made it told.
    Marker {
        what: String,
    },
}

impl Alert {
    /// The first of these labels that the alert has.
    pub fn label(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|it| self.labels.get(*it)).map(String::as_str)
    }
}
