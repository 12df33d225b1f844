//! Why a ledger cannot be opened.

use shipway_ledger::NoteError;
use shipway_model::{Digest, Name};

use crate::store::{AppendError, StoreError};

#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("record {position} has been changed since it was written: it does not fit its hash")]
    Changed { position: u64 },
    /// Of a kind, or in a form, that this version does not know. Nobody can decide anything on top of it.
    #[error("record {position} (`{kind}`) cannot be read, and may be from a newer version of Shipway: {why}")]
    Unreadable { position: u64, kind: String, why: String },
    #[error("record {position} belongs to the tenant `{found}`; this ledger is `{expected}`'s")]
    OtherTenant { position: u64, expected: Name, found: Name },
    #[error("the ledger's checkpoint is not signed by this control plane's key")]
    Checkpoint { source: NoteError },
    #[error(
        "the checkpoint signs {signed_size} records under {signed_root}; stored are {size} under {root}: \
         records have been changed, added or removed"
    )]
    Differs { signed_size: u64, signed_root: Digest, size: u64, root: Digest },
    #[error(
        "a ledger was being copied or restored into this store, and that was not finished: empty the store and copy again"
    )]
    Unfinished,
    /// The first batch, which says what the ledger is, cannot be written.
    #[error("the ledger cannot be written")]
    Unwritable(#[source] AppendError),
}
