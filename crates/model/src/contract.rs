//! What a service promises at its interface, or expects of another's, as far as machines can compare it.
//!
//! A contract is read from its description once and kept in this form; comparing two of them needs no parser.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
// The kind is the key, not a field beside: what is told apart by a field loses the numbers that are keys within.
#[serde(rename_all = "kebab-case")]
pub enum Contract {
    Openapi(OpenApi),
    Protobuf(Protobuf),
    Graphql(GraphQl),
    Asyncapi(AsyncApi),
    Pact(Pact),
    PactVerification(PactVerification),
}

/// An OpenAPI 3.0 or 3.1 description, as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct OpenApi {
    pub title: String,
    /// The description's own version, `info.version`.
    pub version: String,
    #[serde(serialize_with = "crate::json::sorted")]
    pub document: Value,
}

/// An AsyncAPI 2 or 3 description, as it was written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AsyncApi {
    pub title: String,
    /// The description's own version, `info.version`.
    pub version: String,
    #[serde(serialize_with = "crate::json::sorted")]
    pub document: Value,
}

/// The messages, enumerations and services of one `.proto` file. Names are whole, without a leading dot.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Protobuf {
    pub package: String,
    pub syntax: String,
    pub messages: BTreeMap<String, Message>,
    pub enums: BTreeMap<String, Enumeration>,
    pub services: BTreeMap<String, BTreeMap<String, Method>>,
    /// Options of the file that generated code depends on, such as `go_package`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Message {
    pub fields: BTreeMap<i32, Field>,
    #[serde(default, skip_serializing_if = "Reserved::is_empty")]
    pub reserved: Reserved,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Field {
    pub name: String,
    pub json_name: String,
    pub cardinality: Cardinality,
    /// A scalar's name, or a message's or an enumeration's.
    #[serde(rename = "type")]
    pub type_name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub oneof: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cardinality {
    /// Without presence of its own: `0` and absent are the same.
    Implicit,
    Optional,
    Required,
    Repeated,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Enumeration {
    /// Several names of one number are aliases.
    pub values: BTreeMap<i32, BTreeSet<String>>,
    #[serde(default, skip_serializing_if = "Reserved::is_empty")]
    pub reserved: Reserved,
}

/// Numbers and names that may not be used again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reserved {
    /// First and last, both included.
    #[serde(default)]
    pub ranges: Vec<(i32, i32)>,
    #[serde(default)]
    pub names: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Method {
    pub request: String,
    pub response: String,
    #[serde(default)]
    pub client_streams: bool,
    #[serde(default)]
    pub server_streams: bool,
}

/// A GraphQL schema in its definition language.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphQl {
    /// By operation (`query`, `mutation`, `subscription`): the name of its root type.
    pub roots: BTreeMap<String, String>,
    pub types: BTreeMap<String, Type>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "is", rename_all = "kebab-case")]
pub enum Type {
    Object(Fields),
    Interface(Fields),
    /// Input fields have no arguments.
    Input(Fields),
    Enum {
        values: BTreeSet<String>,
    },
    Union {
        members: BTreeSet<String>,
    },
    Scalar,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Fields {
    pub fields: BTreeMap<String, TypedField>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub implements: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TypedField {
    /// As in the language: `[Item!]!`.
    #[serde(rename = "type")]
    pub type_name: String,
    /// As in the language, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub arguments: BTreeMap<String, TypedField>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
}

/// What one service expects of another (Pact specification 2 to 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pact {
    pub consumer: String,
    pub provider: String,
    /// Of the specification, such as `3.0.0`.
    pub specification: String,
    /// Of the interactions in canonical form: equal expectations are equal whatever else the file says.
    pub content: crate::Digest,
    pub interactions: Vec<String>,
    /// What a Pact Broker calls these expectations, where the pact came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker_version: Option<String>,
}

/// That a provider's build was run against a pact. Which pact is told by at least one of the three: its content, the
/// broker's name for it, or the consumer's version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PactVerification {
    pub consumer: String,
    pub provider: String,
    /// Which expectations: [`Pact::content`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<crate::Digest>,
    /// Which expectations: [`Pact::broker_version`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broker_version: Option<String>,
    /// The consumer's version that expects them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub consumer_version: Option<String>,
    /// The provider's version that was run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider_version: Option<String>,
    pub passed: bool,
    /// What did not hold, one sentence each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<String>,
}

/// Whether a build fits what it meets where it is to go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployability {
    /// The worst of the reasons'.
    pub answer: Fit,
    /// The worst first; at least one.
    pub reasons: Vec<FitReason>,
}

/// The worst comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Fit {
    /// Somebody would break.
    False,
    /// Nobody has shown that it fits.
    Unknown,
    True,
}

/// One pair of builds, and whether they fit each other.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FitReason {
    pub answer: Fit,
    /// The service that is to go there.
    pub service: crate::Name,
    /// Whom it meets, as `web 1.4.0, which runs`; nobody in particular when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meets: Option<String>,
    /// A sentence.
    pub why: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<crate::EvidenceId>,
    /// What would settle it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl Deployability {
    /// Of reasons in any order. Without any, nobody is in its way.
    pub fn of(mut reasons: Vec<FitReason>, service: &crate::Name) -> Self {
        if reasons.is_empty() {
            reasons.push(FitReason {
                answer: Fit::True,
                service: service.clone(),
                meets: None,
                why: "nobody there is known to rely on it, and it expects nothing of others".to_owned(),
                evidence: Vec::new(),
                next: None,
            });
        }
        reasons.sort();
        reasons.dedup();
        let answer = reasons.first().map_or(Fit::Unknown, |it| it.answer);
        Self { answer, reasons }
    }
}

impl Fit {
    pub const fn word(self) -> &'static str {
        match self {
            Self::False => "false",
            Self::Unknown => "unknown",
            Self::True => "true",
        }
    }
}

impl PactVerification {
    /// Whether it was run against these expectations of that version of the consumer.
    pub fn is_of(&self, pact: &Pact, consumer_version: &crate::Version) -> bool {
        let same_content = self.content.map(|it| it == pact.content);
        let same_name = self.broker_version.as_ref().zip(pact.broker_version.as_ref()).map(|(a, b)| a == b);
        let same_version = self.consumer_version.as_deref().map(|it| it == consumer_version.as_str());
        self.consumer == pact.consumer
            && self.provider == pact.provider
            // What names the expectations themselves tells more than a version.
            && same_content.or(same_name).or(same_version).unwrap_or(false)
    }
}

impl Contract {
    /// The kind's name as files and people write it.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Openapi(_) => "openapi",
            Self::Protobuf(_) => "protobuf",
            Self::Graphql(_) => "graphql",
            Self::Asyncapi(_) => "asyncapi",
            Self::Pact(_) => "pact",
            Self::PactVerification(_) => "pact-verification",
        }
    }
}

impl Reserved {
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty() && self.names.is_empty()
    }

    pub fn has_number(&self, number: i32) -> bool {
        self.ranges.iter().any(|(first, last)| (*first..=*last).contains(&number))
    }
}
