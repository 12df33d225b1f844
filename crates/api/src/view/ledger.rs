//! The ledger as it is read and verified from outside.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::Digest;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerHead {
    /// Number of events.
    pub size: u64,
    /// The Merkle tree hash (RFC 6962) over all of them.
    pub root: Digest,
    /// The signed checkpoint over both.
    pub checkpoint: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEvent {
    /// From 0.
    pub position: u64,
    /// The leaf's hash.
    pub leaf: Digest,
    /// In canonical JSON (RFC 8785) these are the bytes that were hashed.
    #[schemars(schema_with = "event_schema")]
    pub event: Value,
}

/// That one event is in the tree of `size`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct EventProof {
    pub position: u64,
    pub leaf: Digest,
    /// The audit path, from the leaf's sibling to the root (RFC 6962 2.1.1).
    pub path: Vec<Digest>,
    pub head: LedgerHead,
}

/// That the tree of `from` events is the beginning of the tree of `to` events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConsistencyProof {
    pub from: u64,
    pub to: u64,
    /// RFC 6962 2.1.2.
    pub path: Vec<Digest>,
    pub head: LedgerHead,
}

fn event_schema(_: &mut SchemaGenerator) -> Schema {
    json_schema!({
        "type": "object",
        "required": ["schema", "tenant", "actor", "at", "type", "data"],
        "properties": {
            "schema": { "const": "shipway.dev/event/v1" },
            "tenant": { "type": "string" },
            "actor": { "type": "string", "description": "Who caused it." },
            "at": { "type": "string", "format": "date-time" },
            "type": { "type": "string", "description": "What happened, for example `rollout.started`." },
            "data": { "type": "object" },
        },
    })
}
