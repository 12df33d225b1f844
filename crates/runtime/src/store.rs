//! The Store port: a durable home for one ledger, the effects it calls for and the answers it gave.
//!
//! A store knows nothing of what events mean. It keeps its promises, which [`crate::suite`] checks: a batch is
//! written whole or not at all, only on top of the revision it was made for, and what was acknowledged is there
//! after a crash.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::Digest;
use shipway_model::effect::{Effect, EffectKey};
use shipway_model::event::TextRef;

use crate::sharing::Sharing;

/// The lowest level of complete subtrees whose hashes are stored: one per 256 records, and all levels above.
///
/// A proof then reads at most 256 leaf hashes and some 50 nodes, for two hashes more per 256 records.
pub const NODE_LEVEL_MIN: u32 = 8;

/// What stands for the checkpoint in a store that a ledger is being copied into: nobody continues half a ledger.
pub const UNFINISHED: &str = "a copy that is not finished\n";

/// What the writer needs of a store. All calls may block; there is one writer per open store.
pub trait Store: Send {
    /// What stands there now.
    fn load(&mut self) -> Result<Loaded, StoreError>;

    /// Writes `batch` durably and as one piece, or leaves everything as it was.
    fn append(&mut self, batch: &Batch) -> Result<(), AppendError>;

    /// A handle for readers, who never wait for the writer.
    fn reader(&self) -> Arc<dyn StoreReader>;

    /// Whether nobody else can have the same store open. Then whatever an earlier control plane was performing itself
    /// ended with it, and need not be waited for.
    fn is_exclusive(&self) -> bool {
        false
    }

    /// How several control planes share the store, where they can: then each locks the ledger's end before it decides,
    /// and effects are leased in the store. Otherwise the writer of the one control plane leases them.
    fn sharing(&mut self) -> Option<&mut dyn Sharing> {
        None
    }
}

/// What readers need of a store. All calls may block.
pub trait StoreReader: Send + Sync {
    /// At most `limit` records from position `from` on.
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// At most `limit` records of one stream, from ledger position `from` on.
    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError>;

    /// At most `limit` leaf hashes from position `from` on.
    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Digest>, StoreError>;

    /// The hash of a complete subtree, if its level is kept and it is complete.
    fn node(&self, level: u32, index: u64) -> Result<Option<Digest>, StoreError>;

    /// The personal texts that are kept for the records at these positions, which ascend, in no order.
    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError>;

    /// At most `limit` personal texts of the records from position `from` on, in the order of positions and pointers.
    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError>;

    /// The answer that was stored under an idempotency key.
    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError>;

    /// The names of the streams of at most `limit` records from position `from` on, as they are indexed.
    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError>;

    /// At most `limit` answers with their keys, in the order of these, after the key `after`.
    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError>;
}

/// One entry of the ledger as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Counts from 0 without gaps.
    pub position: u64,
    /// The event in canonical JSON.
    pub bytes: Arc<[u8]>,
    /// Of `bytes`, by RFC 6962.
    pub leaf: Digest,
}

/// Everything that one durable append writes.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    /// The revision on top of which this was made. Each append raises the store's by one.
    pub revision: u64,
    /// The tree's frontier before the batch. A database that has lost what was acknowledged comes to the same revision with
    /// another one, and takes nothing then.
    pub base: Vec<u8>,
    /// With their streams' names; their positions go on where the ledger ends.
    pub records: Vec<(String, Record)>,
    pub nodes: Vec<Node>,
    /// Personal texts to which the records commit.
    pub disclosures: Vec<Disclosure>,
    /// Personal texts to delete, so that nothing of them can be read from the disk again. Some may not be there.
    pub erased: Vec<TextRef>,
    pub effects: Vec<EffectChange>,
    pub answers: Vec<(String, StoredAnswer)>,
    /// The ledger's size after the batch.
    pub size: u64,
    /// The tree's frontier after the batch.
    pub frontier: Vec<u8>,
    /// The signed note over it.
    pub checkpoint: String,
    /// Answers stored before this may be dropped.
    pub forget_answers_before: Option<Timestamp>,
}

/// A personal text to which a record commits; kept beside the ledger until it is erased.
#[derive(Clone, PartialEq, Eq)]
pub struct Disclosure {
    pub position: u64,
    /// Where the commitment stands in the record's JSON (RFC 6901). See [`Disclosure::pointer`].
    pub pointer: Cow<'static, str>,
    /// Drawn for this text alone.
    pub salt: [u8; 32],
    pub text: String,
}

impl Disclosure {
    /// A pointer as it is kept: without a copy of its own where it is one of the usual ones, of which a replay reads millions.
    pub fn pointer(text: &str) -> Cow<'static, str> {
        const USUAL: [&str; 3] = ["/actor", "/data/reason", "/data/note"];
        let usual = USUAL.into_iter().find(|it| *it == text);
        usual.map_or_else(|| Cow::Owned(text.to_owned()), Cow::Borrowed)
    }
}

/// Neither the text nor its salt is printed by accident.
impl fmt::Debug for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disclosure({}{})", self.position, self.pointer)
    }
}

/// The hash over the records `index << level .. (index + 1) << level`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node {
    pub level: u32,
    pub index: u64,
    pub hash: Digest,
}

/// One effect in the queue.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectRow {
    pub effect: Arc<Effect>,
    /// Of the newest lease; 0 before the first.
    pub generation: u32,
    /// Until when the newest lease holds; nothing when it is free.
    pub leased_until: Option<Timestamp>,
    /// Who holds it, in the holder's own words: which of the performer's processes.
    pub holder: Option<Arc<str>>,
}

/// What becomes of one effect in the queue.
#[derive(Debug, Clone, PartialEq)]
pub enum EffectChange {
    /// It is there from now on, or its order has changed.
    Put(EffectRow),
    /// Only its lease has changed.
    Lease {
        key: EffectKey,
        generation: u32,
        leased_until: Option<Timestamp>,
        holder: Option<Arc<str>>,
    },
    Remove(EffectKey),
}

/// What was answered to a command with an idempotency key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredAnswer {
    /// Of who asked and what for.
    pub request: Digest,
    /// The command's events are the records `first..last`.
    pub first: u64,
    pub last: u64,
    pub at: Timestamp,
}

/// The ledger's end as it is stored.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredHead {
    pub revision: u64,
    pub size: u64,
    /// Empty when nothing was ever written.
    pub frontier: Vec<u8>,
    pub checkpoint: String,
}

/// A store's content, without the records themselves.
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    pub head: StoredHead,
    pub effects: Vec<EffectRow>,
}

/// Why a store cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Trying again may help.
    #[error("the store does not answer: {0}")]
    Unavailable(String),
    /// What is stored cannot be what was written.
    #[error("the store is damaged: {0}")]
    Damaged(String),
    /// A newer version has written what this one cannot read: only another process can go on.
    #[error("{0}")]
    Outrun(String),
}

/// Why a batch was not written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// Somebody else has written since: load, decide again.
    #[error("the store has moved on from the revision of the batch")]
    Stale,
    /// Nothing was written; trying again may help, for example when the disk has room again.
    #[error("the store takes no batch: {0}")]
    Unavailable(String),
    /// The line broke before the store said whether it had written. What it has written shows when it is read again.
    #[error("it is not known whether the store took the batch: {0}")]
    Unsure(String),
}
