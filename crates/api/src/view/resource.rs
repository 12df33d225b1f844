//! Declared resources, what applying files changed, and the graph that they make.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::Digest;
use shipway_model::resource::{self, ApiVersion, Key, Metadata, Resource};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceView {
    #[schemars(schema_with = "resource_schema")]
    pub resource: Resource,
    pub digest: Digest,
    /// How many times it was declared differently, from 1.
    pub revision: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Applied {
    pub changes: Vec<ResourceChange>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ResourceChange {
    pub key: Key,
    pub change: Change,
    /// Of the declaration as it is now, or would be.
    pub digest: Digest,
    /// What differs from the declaration before, field by field.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub diff: Vec<FieldChange>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    Created,
    Updated,
    Unchanged,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldChange {
    /// A JSON pointer into the declaration, for example `/spec/tier`.
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<Value>,
}

/// What depends on what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Graph {
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Node {
    pub key: Key,
    pub description: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Edge {
    pub from: Key,
    pub to: Key,
    pub relation: Relation,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Relation {
    DependsOn,
    OwnedBy,
    /// A vendor whose part another one takes over.
    FailsOverTo,
    Extends,
    PromotesFrom,
}

/// The schema of a document: the envelope, and one `spec` per kind.
pub(crate) fn resource_schema(generator: &mut SchemaGenerator) -> Schema {
    macro_rules! kinds {
        ($($kind:ident),*) => {
            vec![$(json_schema!({
                "type": "object",
                "required": ["kind", "spec"],
                "properties": {
                    "kind": { "const": stringify!($kind) },
                    "spec": generator.subschema_for::<resource::$kind>(),
                },
            })),*]
        };
    }
    let kinds: Vec<Schema> = kinds![
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
        Channel
    ];
    json_schema!({
        "type": "object",
        "required": ["apiVersion", "metadata", "kind", "spec"],
        "properties": {
            "apiVersion": generator.subschema_for::<ApiVersion>(),
            "metadata": generator.subschema_for::<Metadata>(),
        },
        "oneOf": kinds,
    })
}

#[cfg(test)]
mod tests {
    use shipway_model::resource::Kind;

    #[test]
    fn every_kind_is_in_the_schema() {
        let schema = super::resource_schema(&mut schemars::SchemaGenerator::default());
        let kinds: Vec<_> = schema.get("oneOf").unwrap().as_array().unwrap().iter().collect();
        let named: Vec<_> =
            kinds.iter().map(|it| it["properties"]["kind"]["const"].as_str().unwrap()).collect();
        assert_eq!(named, Kind::ALL.map(Kind::as_str));
    }
}
