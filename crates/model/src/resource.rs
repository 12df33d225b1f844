//! What users declare in files: `apiVersion: shipway.dev/v1`, `kind`, `metadata.name`, `spec`.
//!
//! One file per kind. A kind's struct is the file format, the JSON Schema and what the ledger keeps: there is no
//! other copy of these fields. [`file`] reads YAML text and finds all faults at once.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Digest, Name};

pub mod access;
pub mod board;
pub mod booking;
pub mod calendar;
pub mod calendar_feed;
pub mod change_policy;
pub mod channel;
pub mod environment;
pub mod file;
pub mod hours;
pub mod journey;
pub mod kayenta;
pub mod log_signatures;
pub mod metric;
pub mod mirror;
pub mod organisation;
pub mod pipeline;
pub mod policy;
pub mod repository;
pub mod runbook;
pub mod service;
pub mod strategy;
pub mod train;
pub mod trust;
pub mod webhook;

pub use access::{AccessPolicy, Person};
pub use board::Board;
pub use booking::Booking;
pub use calendar::Calendar;
pub use calendar_feed::CalendarFeed;
pub use change_policy::ChangePolicy;
pub use channel::Channel;
pub use environment::Environment;
pub use journey::Journey;
pub use log_signatures::LogSignatures;
pub use mirror::Mirror;
pub use organisation::{Budget, Library, Regulation, Team, Vendor};
pub use pipeline::{Pipeline, Template};
pub use policy::Policy;
pub use repository::Repository;
pub use runbook::Runbook;
pub use service::Service;
pub use strategy::Strategy;
pub use train::Train;
pub use trust::TrustRoot;
pub use webhook::Webhook;

/// One declared document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Resource {
    pub api_version: ApiVersion,
    pub metadata: Metadata,
    #[serde(flatten)]
    pub spec: Spec,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub enum ApiVersion {
    #[default]
    #[serde(rename = "shipway.dev/v1")]
    V1,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    pub name: Name,
    /// A sentence for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub description: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
}

/// The kinds and what each declares.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "spec")]
pub enum Spec {
    Team(Team),
    Service(Box<Service>),
    Vendor(Vendor),
    Library(Library),
    Regulation(Regulation),
    Budget(Budget),
    Environment(Box<Environment>),
    Pipeline(Pipeline),
    Template(Template),
    Policy(Policy),
    Strategy(Strategy),
    Journey(Journey),
    Calendar(Calendar),
    Person(Person),
    AccessPolicy(AccessPolicy),
    ChangePolicy(ChangePolicy),
    TrustRoot(TrustRoot),
    Board(Board),
    Repository(Repository),
    Booking(Booking),
    Train(Train),
    CalendarFeed(CalendarFeed),
    Mirror(Box<Mirror>),
    LogSignatures(LogSignatures),
    Runbook(Runbook),
    Webhook(Webhook),
    Channel(Channel),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum Kind {
    Team,
    Service,
    Vendor,
    Library,
    Regulation,
    Budget,
    Environment,
    Pipeline,
    Template,
    Policy,
    Strategy,
    Journey,
    Calendar,
    Person,
    AccessPolicy,
    ChangePolicy,
    TrustRoot,
    Board,
    Booking,
    CalendarFeed,
    LogSignatures,
    Mirror,
    Repository,
    Runbook,
    Train,
    Webhook,
    Channel,
}

/// What names a resource: its kind and its name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Key {
    pub kind: Kind,
    pub name: Name,
}

impl Kind {
    pub const ALL: [Self; 27] = [
        Self::Team,
        Self::Service,
        Self::Vendor,
        Self::Library,
        Self::Regulation,
        Self::Budget,
        Self::Environment,
        Self::Pipeline,
        Self::Template,
        Self::Policy,
        Self::Strategy,
        Self::Journey,
        Self::Calendar,
        Self::Person,
        Self::AccessPolicy,
        Self::ChangePolicy,
        Self::TrustRoot,
        Self::Board,
        Self::Booking,
        Self::CalendarFeed,
        Self::LogSignatures,
        Self::Mirror,
        Self::Repository,
        Self::Runbook,
        Self::Train,
        Self::Webhook,
        Self::Channel,
    ];

    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Team => "Team",
            Self::Service => "Service",
            Self::Vendor => "Vendor",
            Self::Library => "Library",
            Self::Regulation => "Regulation",
            Self::Budget => "Budget",
            Self::Environment => "Environment",
            Self::Pipeline => "Pipeline",
            Self::Template => "Template",
            Self::Policy => "Policy",
            Self::Strategy => "Strategy",
            Self::Journey => "Journey",
            Self::Calendar => "Calendar",
            Self::Person => "Person",
            Self::AccessPolicy => "AccessPolicy",
            Self::ChangePolicy => "ChangePolicy",
            Self::TrustRoot => "TrustRoot",
            Self::Board => "Board",
            Self::Repository => "Repository",
            Self::Booking => "Booking",
            Self::Train => "Train",
            Self::CalendarFeed => "CalendarFeed",
            Self::Mirror => "Mirror",
            Self::LogSignatures => "LogSignatures",
            Self::Runbook => "Runbook",
            Self::Webhook => "Webhook",
            Self::Channel => "Channel",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl Resource {
    pub fn kind(&self) -> Kind {
        match self.spec {
            Spec::Team(_) => Kind::Team,
            Spec::Service(_) => Kind::Service,
            Spec::Vendor(_) => Kind::Vendor,
            Spec::Library(_) => Kind::Library,
            Spec::Regulation(_) => Kind::Regulation,
            Spec::Budget(_) => Kind::Budget,
            Spec::Environment(_) => Kind::Environment,
            Spec::Pipeline(_) => Kind::Pipeline,
            Spec::Template(_) => Kind::Template,
            Spec::Policy(_) => Kind::Policy,
            Spec::Strategy(_) => Kind::Strategy,
            Spec::Journey(_) => Kind::Journey,
            Spec::Calendar(_) => Kind::Calendar,
            Spec::Person(_) => Kind::Person,
            Spec::AccessPolicy(_) => Kind::AccessPolicy,
            Spec::ChangePolicy(_) => Kind::ChangePolicy,
            Spec::TrustRoot(_) => Kind::TrustRoot,
            Spec::Board(_) => Kind::Board,
            Spec::Repository(_) => Kind::Repository,
            Spec::Booking(_) => Kind::Booking,
            Spec::Train(_) => Kind::Train,
            Spec::CalendarFeed(_) => Kind::CalendarFeed,
            Spec::LogSignatures(_) => Kind::LogSignatures,
            Spec::Mirror(_) => Kind::Mirror,
            Spec::Runbook(_) => Kind::Runbook,
            Spec::Webhook(_) => Kind::Webhook,
            Spec::Channel(_) => Kind::Channel,
        }
    }

    pub fn key(&self) -> Key {
        Key { kind: self.kind(), name: self.metadata.name.clone() }
    }

    /// The digest of the declaration: field order and layout of the file do not matter.
    pub fn digest(&self) -> Digest {
        digest_of(self)
    }
}

/// The digest of a value of ours through its JSON form. Struct fields come in declared order and maps are
/// sorted, so equal values have equal digests.
pub fn digest_of(value: &impl Serialize) -> Digest {
    let json = serde_json::to_vec(value).expect("our own types have string keys and finite numbers");
    Digest::of(&json)
}
