//! The ledger.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Digest, Name};

use super::operations;
use crate::page::Page;
use crate::payload::{Events, Json};
use crate::view::ledger::{
    ConsistencyProof, Erasure, EventProof, HoldView, LedgerEvent, LedgerHead, Pruning,
};

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LedgerQuery {
    /// The first position wanted; 0 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PositionPath {
    pub position: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConsistencyQuery {
    /// The size known before.
    pub from: u64,
    /// The size to compare with; all of it when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ErasureRequest {
    /// The person's name as tokens carried it.
    #[schemars(length(min = 1, max = 100))]
    pub subject: String,
    /// Why, without the name: this is recorded.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// Only tell what would be erased.
    #[serde(default)]
    pub dry_run: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HoldRequest {
    pub name: Name,
    /// Who asked for it and why.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HoldPath {
    pub hold: Name,
}

/// Tables of an archive, from the first that is not deleted yet, in their order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PruneRequest {
    /// Where it lies, as whoever asks calls the place.
    #[schemars(length(min = 1, max = 500))]
    pub archive: String,
    #[schemars(length(min = 1, max = 10_000))]
    pub tables: Vec<ArchivedTable>,
}

/// The events `from..to`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArchivedTable {
    pub from: u64,
    pub to: u64,
    /// Of the table's bytes.
    pub digest: Digest,
}

operations! {
    /// Show the ledger's size, root and signed checkpoint.
    ShowLedgerHead "showLedgerHead": Get "/api/v1/ledger", Viewer {
        answer: Json<LedgerHead>,
    }

    /// Read events in their order. `next` of a page is the `from` of the one after it.
    ListLedgerEvents "listLedgerEvents": Get "/api/v1/ledger/events", Viewer {
        query: LedgerQuery,
        answer: Json<Page<LedgerEvent>>,
    }

    /// Prove that an event is in the ledger.
    ShowEventProof "showEventProof": Get "/api/v1/ledger/events/{position}/proof", Viewer {
        path: PositionPath,
        answer: Json<EventProof>,
        errors: [UnknownPosition],
    }

    /// Prove that an earlier ledger is the beginning of this one.
    ShowConsistencyProof "showConsistencyProof": Get "/api/v1/ledger/consistency", Viewer {
        query: ConsistencyQuery,
        answer: Json<ConsistencyProof>,
        errors: [UnknownPosition],
    }

    /// Follow all events, from now or from the one after `Last-Event-ID`.
    FollowEvents "followEvents": Get "/api/v1/events", Viewer {
        answer: Events,
    }

    /// Erase what is kept beside the ledger about a person. Records and proofs stay as they are.
    EraseSubject "eraseSubject": Post "/api/v1/ledger/erasures", Admin {
        body: Json<ErasureRequest>,
        answer: Json<Erasure>,
        errors: [OnHold, SubjectActive, InvalidReason],
    }

    /// Decide and record that old events may be deleted from a copy of the ledger. The caller deletes them afterwards.
    PruneArchive "pruneArchive": Post "/api/v1/ledger/prunes", Admin {
        body: Json<PruneRequest>,
        answer: Json<Pruning>,
        errors: [OnHold, Retained, UnknownPosition, InvalidReason],
    }

    /// List the legal holds that stand.
    ListHolds "listHolds": Get "/api/v1/ledger/holds", Viewer {
        answer: Json<Page<HoldView>>,
    }

    /// Place a legal hold: until it is released, nothing is erased or deleted.
    PlaceHold "placeHold": Post "/api/v1/ledger/holds", Admin {
        body: Json<HoldRequest>,
        answer: Json<Page<HoldView>>,
        errors: [InvalidReason],
    }

    /// Release a legal hold.
    ReleaseHold "releaseHold": Delete "/api/v1/ledger/holds/{hold}", Admin {
        path: HoldPath,
        answer: Json<Page<HoldView>>,
        errors: [UnknownHold],
    }
}
