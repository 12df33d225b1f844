//! The ledger as it is read and verified from outside.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_model::event::{ERASED, PrunedTable, TextRef};
use shipway_model::{Digest, Name};

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
    /// What the event commits to in place of texts that may name a person, by where the commitment stands in it
    /// (RFC 6901).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub personal: BTreeMap<String, PersonalText>,
}

/// A text that is kept beside the ledger, or was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", rename_all_fields = "camelCase")]
pub enum PersonalText {
    /// With its salt, 32 bytes as 64 hexadecimal digits: whoever has both can check the commitment.
    Kept { salt: String, text: String },
    /// The event and its proofs are as they were; what it said is gone.
    Erased {},
}

impl LedgerEvent {
    /// The event to be read: with the texts in place of the commitments, and `erased` where they are kept no longer.
    pub fn opened(&self) -> Value {
        let mut event = self.event.clone();
        for (pointer, personal) in &self.personal {
            if let Some(place) = event.pointer_mut(pointer) {
                *place = match personal {
                    PersonalText::Kept { text, .. } => text.as_str().into(),
                    PersonalText::Erased {} => ERASED.into(),
                };
            }
        }
        event
    }
}

/// What was erased, and by which event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Erasure {
    pub texts: Vec<TextRef>,
    /// Absent after a dry run, and when there was nothing to erase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recorded_before: Option<u64>,
    /// Facts of decisions and signed statements that name the subject, by their digests. They are deleted with the texts:
    /// decisions on such facts cannot be computed again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<Digest>,
}

/// What may be deleted from a copy of the ledger, and by which event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pruning {
    pub tables: Vec<PrunedTable>,
    /// For how long events are kept.
    pub years: u8,
    pub recorded_before: u64,
}

/// An order that nothing be erased or deleted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HoldView {
    pub name: Name,
    pub reason: String,
    pub by: String,
    pub since: Timestamp,
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
