//! The facts document: the only thing that gates and Rego modules see.

use std::collections::{BTreeMap, BTreeSet};

use super::Waiver;
use crate::attestation::Seal;
use crate::evidence::{Kind, Normal, Ran, Word};
use crate::quarantine::Quarantine;
use crate::release::{Document, KnownError, ReleaseRef, RollbackPackage};
use crate::resource::environment::Scale;
use crate::resource::service::Monitoring;
use crate::{Digest, EvidenceId, Name, QuarantineId, RolloutId, Version, WaiverId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A release, what it holds, what runs where it is to go, and what is known of both.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Facts {
    pub release: ReleaseRef,
    /// Who created and who sealed it; and of those who sent evidence, whoever wrote what is in it or asked for it to be
    /// rolled out, under the names by which they sent.
    pub makers: BTreeSet<String>,
    pub environment: Name,
    /// The instant that the facts are about.
    pub at: Timestamp,
    pub services: BTreeMap<Name, Service>,
    pub documents: BTreeSet<Document>,
    /// About what is in the release, the earliest first.
    pub evidence: Vec<Evidence>,
    /// About what runs in the environment now, the earliest first.
    pub baseline: Vec<Evidence>,
    /// In force at the instant.
    pub waivers: Vec<GrantedWaiver>,
    /// Defects that the release carries on, and whether somebody else has accepted that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub known_errors: BTreeMap<Name, CarriedError>,
    /// Known errors of what runs now that the release neither carries on nor says to have mended.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub dropped_errors: BTreeSet<Name>,
    /// What else bears on the release where it goes.
    #[serde(default, skip_serializing_if = "Surroundings::is_empty")]
    pub surroundings: Surroundings,
    /// Tests that are set aside at the instant.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quarantines: Vec<Quarantined>,
    /// What stands in the documents that travel with the release, as far as machines read them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub contents: BTreeMap<Document, Content>,
}

/// A known error of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CarriedError {
    pub error: KnownError,
    /// Whose word it has that the release may carry it: nobody's who made the release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted_by: Option<String>,
}

/// What else runs where the release goes or is on its way there, and where it comes from.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Surroundings {
    /// Builds with contracts, or that rely on a service of the release. What the release itself replaces is told by
    /// [`Service::running`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub neighbours: Vec<Neighbour>,
    /// Their contracts, the earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub contracts: Vec<Evidence>,
    /// How the environment that the release comes from differs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parity: Option<Comparison>,
    /// What the environment's metric sources that know alerting rules have loaded, by their name. Asked only for gates that
    /// want it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub alert_rules: BTreeMap<Name, AlertRules>,
    /// Which of the declared dashboards the environment's Grafana has. Asked under the same condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dashboards: Option<Dashboards>,
    /// How much the environment declares to hold and bear.
    #[serde(default, skip_serializing_if = "Scale::is_empty")]
    pub scale: Scale,
}

/// The dashboards of one Grafana, as far as services of the release declare them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Dashboards {
    /// Under the names by which they are declared.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub there: BTreeSet<String>,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

/// The alerting rules of one Prometheus.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertRules {
    /// By their `alertname`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub alerts: BTreeSet<String>,
    /// Those of them that Prometheus cannot evaluate, and why.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub failing: BTreeMap<String, String>,
    /// Why it could not be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

impl Surroundings {
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// A build beside those of the release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Neighbour {
    pub service: Name,
    pub version: Version,
    pub artifacts: BTreeSet<Digest>,
    /// The rollout that brings it; it runs already when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutId>,
    /// Services of the release that it declares to depend on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub relies_on: BTreeSet<Name>,
}

/// Two environments side by side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparison {
    /// The one that the release comes from.
    pub with: Name,
    pub differences: Vec<Difference>,
}

/// One thing that is not the same in both.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Difference {
    /// Such as `settings/checkout/LOG_LEVEL`, `versions/web` or `capacity/targets`.
    pub name: String,
    /// In the environment that the release comes from; absent where it has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub there: Option<String>,
    /// In the environment that the release goes to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub here: Option<String>,
}

/// A quarantine in force, and whose word it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Quarantined {
    pub id: QuarantineId,
    pub quarantine: Quarantine,
    pub by: String,
}

/// What a document says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Content {
    pub digest: Digest,
    /// Markdown headings with something below them, as they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    /// Of a rollback package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollback: Option<RollbackPackage>,
    /// Why it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    pub version: Version,
    /// The artifact and its regional variants.
    pub artifacts: BTreeSet<Digest>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub commit: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub builder: String,
    /// The identities that registered the artifacts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub registered_by: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
    /// 1 is the most critical.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tier: Option<u8>,
    /// What runs in the environment now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub running: Option<Running>,
    /// Services that it declares to depend on.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub depends_on: BTreeSet<Name>,
    /// What it declares to be watched by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    /// The vendors that it declares to depend on, and whether somebody can be called there.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub vendors: BTreeMap<Name, bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Running {
    pub version: Version,
    pub artifacts: BTreeSet<Digest>,
}

/// An attached document and what it says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    pub id: EvidenceId,
    pub subject: BTreeSet<Digest>,
    /// The services whose artifacts it is about.
    pub services: BTreeSet<Name>,
    pub format: String,
    pub kinds: BTreeSet<Kind>,
    pub at: Timestamp,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Word>,
    /// Whose signature over the statement holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
    /// Why the signature with which it came holds no more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unsealed: Option<String>,
    /// Where what it tells of took place; what was not counted there is what the environment declares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ran: Option<Ran>,
    /// Absent for a statement.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Box<Normal>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrantedWaiver {
    pub id: WaiverId,
    pub waiver: Waiver,
    pub requested_by: String,
    pub approved_by: String,
}
