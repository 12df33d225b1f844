//! Copying a ledger from one store into another, and checking on the way and afterwards that it is the same.
//!
//! Until the last batch, the copy bears [`UNFINISHED`] where its checkpoint will be, and nobody opens it as a ledger.

use std::sync::Arc;

use shipway_ledger::{Frontier, leaf_hash};
use shipway_model::Digest;
use shipway_runtime::store::{AppendError, Batch, EffectChange, Loaded, NODE_LEVEL_MIN, Node, UNFINISHED};
use shipway_runtime::{Record, Store, StoreError, StoreReader};

/// Records and answers in one batch.
const BATCH_MAX: usize = 2048;

/// What is copied: a ledger's end, and how to read what leads to it. It may go on growing beyond that meanwhile.
pub struct Source {
    pub loaded: Loaded,
    pub reader: Arc<dyn StoreReader>,
}

/// What was copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Copied {
    /// The number of records.
    pub size: u64,
    /// The root over them, as it was read back from the copy.
    pub root: Digest,
}

/// Why there is no copy.
#[derive(Debug, thiserror::Error)]
pub enum CopyError {
    #[error("what is to be copied is itself a copy that was not finished")]
    Unfinished,
    #[error("there is a ledger already: a ledger is copied into an empty store only")]
    Occupied,
    #[error("record {position} is missing from what is to be copied")]
    Missing { position: u64 },
    #[error(
        "record {position} does not fit its hash: what is to be copied has been changed since it was written"
    )]
    Changed { position: u64 },
    #[error("the records have the root {found}, but their ledger ends in {expected}")]
    Differs { expected: Digest, found: Digest },
    #[error("what was copied reads back with the root {found} instead of {expected}")]
    Unfaithful { expected: Digest, found: Digest },
    #[error("what is to be copied cannot be read")]
    Unreadable(#[source] StoreError),
    #[error("the copy cannot be written")]
    Unwritable(#[source] AppendError),
    #[error("the copy cannot be read back")]
    Lost(#[source] StoreError),
}

/// A copy that has begun.
pub struct Copy<'a> {
    from: &'a Source,
    to: &'a mut dyn Store,
    revision: u64,
    /// What stands in `to` as its frontier.
    base: Vec<u8>,
    frontier: Frontier,
}

impl<'a> Copy<'a> {
    /// Marks `to`, which must be empty, as a copy that is not finished.
    pub fn begin(from: &'a Source, to: &'a mut dyn Store) -> Result<Self, CopyError> {
        if from.loaded.head.checkpoint == UNFINISHED {
            return Err(CopyError::Unfinished);
        }
        let head = to.load().map_err(CopyError::Lost)?.head;
        if head.revision > 0 {
            return Err(CopyError::Occupied);
        }
        let mut copy = Self { from, to, revision: 0, base: Vec::new(), frontier: Frontier::default() };
        copy.append(Batch::default())?;
        Ok(copy)
    }

    /// Copies everything, reads it back, and makes a ledger of it.
    pub fn finish(mut self) -> Result<Copied, CopyError> {
        let Loaded { head, effects } = &self.from.loaded;
        while self.frontier.size() < head.size {
            self.copy_records(head.size)?;
        }
        let found = self.frontier.root();
        let expected = match head.frontier.as_slice() {
            [] => shipway_ledger::empty_root(),
            bytes => Frontier::from_bytes(bytes)
                .map_err(|error| CopyError::Unreadable(StoreError::Damaged(error.to_string())))?
                .root(),
        };
        if found != expected {
            return Err(CopyError::Differs { expected, found });
        }
        self.copy_answers(head.size)?;
        self.read_back(expected)?;
        let effects = effects.iter().cloned().map(EffectChange::Put).collect();
        let checkpoint = head.checkpoint.clone();
        self.append_as(Batch { effects, ..Batch::default() }, checkpoint)?;
        Ok(Copied { size: head.size, root: expected })
    }

    fn copy_records(&mut self, size: u64) -> Result<(), CopyError> {
        let from = self.frontier.size();
        let limit = BATCH_MAX.min(usize::try_from(size - from).unwrap_or(BATCH_MAX));
        let reader = &self.from.reader;
        let records = reader.read(from, limit).map_err(CopyError::Unreadable)?;
        let streams = reader.streams(from, limit).map_err(CopyError::Unreadable)?;
        if records.is_empty() || streams.len() != records.len() {
            return Err(CopyError::Missing { position: from });
        }
        let positions: Vec<_> = records.iter().map(|it| it.position).collect();
        // What has been erased by now does not come along.
        let disclosures = reader.disclosures(&positions).map_err(CopyError::Unreadable)?;
        let mut batch = Batch { disclosures, ..Batch::default() };
        for (stream, record) in streams.into_iter().zip(records) {
            check(&record, self.frontier.size())?;
            let nodes = &mut batch.nodes;
            self.frontier.push_with(record.leaf, |level, index, hash| {
                if level >= NODE_LEVEL_MIN {
                    nodes.push(Node { level, index, hash });
                }
            });
            batch.records.push((stream, record));
        }
        self.append(batch)
    }

    /// Those whose records are copied.
    fn copy_answers(&mut self, size: u64) -> Result<(), CopyError> {
        let mut after = String::new();
        loop {
            let answers = self.from.reader.answers(&after, BATCH_MAX).map_err(CopyError::Unreadable)?;
            let Some((last, _)) = answers.last() else { return Ok(()) };
            after.clone_from(last);
            let answers = answers.into_iter().filter(|it| it.1.last <= size).collect();
            self.append(Batch { answers, ..Batch::default() })?;
        }
    }

    fn read_back(&self, expected: Digest) -> Result<(), CopyError> {
        let (reader, mut frontier) = (self.to.reader(), Frontier::default());
        while frontier.size() < self.frontier.size() {
            let position = frontier.size();
            let records = reader.read(position, BATCH_MAX).map_err(CopyError::Lost)?;
            if records.is_empty() {
                return Err(CopyError::Lost(StoreError::Damaged(format!("record {position} is missing"))));
            }
            for record in records {
                frontier.push(leaf_hash(&record.bytes));
            }
        }
        let found = frontier.root();
        if found == expected { Ok(()) } else { Err(CopyError::Unfaithful { expected, found }) }
    }

    fn append(&mut self, batch: Batch) -> Result<(), CopyError> {
        self.append_as(batch, UNFINISHED.to_owned())
    }

    fn append_as(&mut self, batch: Batch, checkpoint: String) -> Result<(), CopyError> {
        let (revision, size) = (self.revision, self.frontier.size());
        let is_empty = self.from.loaded.head.frontier.is_empty();
        let frontier = if is_empty { Vec::new() } else { self.frontier.to_bytes() };
        let base = std::mem::replace(&mut self.base, frontier.clone());
        let batch = Batch { revision, base, size, frontier, checkpoint, ..batch };
        self.to.append(&batch).map_err(CopyError::Unwritable)?;
        self.revision += 1;
        Ok(())
    }
}

fn check(record: &Record, position: u64) -> Result<(), CopyError> {
    if record.position != position {
        return Err(CopyError::Missing { position });
    }
    if leaf_hash(&record.bytes) != record.leaf { Err(CopyError::Changed { position }) } else { Ok(()) }
}
