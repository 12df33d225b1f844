//! Writing records to an archive.

use std::io;

use jiff::Timestamp;
use serde::Deserialize;
use shipway_ledger::tiles::write_hashes;
use shipway_ledger::{Checkpoint, Claim, Frontier, ProofDocument, leaf_hash};
use shipway_model::Digest;
use shipway_runtime::{ProofError, Record, StoreError, StoreReader, proof};

use super::bundle::{self, RECORDS};
use super::manifest::{Manifest, ManifestError, Table};
use super::table::{Row, TableError, TableWriter};
use crate::copy::Source;
use crate::place::{Place, PlaceError};

/// Events in one table: some 30 MB, made in memory.
const TABLE_ROWS_MAX: u64 = 1 << 18;
/// Leaf hashes read at once.
const LEAVES_CHUNK: usize = 1 << 16;
/// Bundles read at once.
const BUNDLES_CHUNK: u64 = 8;

/// What an archive has become.
#[derive(Debug, Clone)]
pub struct Extended {
    pub manifest: Manifest,
    /// How many records are new in it.
    pub added: u64,
}

/// Why an archive was not extended. What its manifest names is as it was.
#[derive(Debug, thiserror::Error)]
pub enum ExtendError {
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the ledger cannot be read")]
    Ledger(#[from] StoreError),
    #[error("the ledger does not prove its own growth")]
    Proof(#[from] ProofError),
    #[error("record {position} is not what was recorded: it does not fit its hash")]
    Changed { position: u64 },
    #[error("record {position} is missing")]
    Missing { position: u64 },
    #[error("the archive has {archived} records already; a ledger of {size} cannot be its continuation")]
    Shrunk { archived: u64, size: u64 },
    #[error(
        "the archive is of another history: its {size} records have the root {archived}, the ledger's first {size} have {found}"
    )]
    Fork { size: u64, archived: Digest, found: Digest },
    #[error("{n_events} events are older than that: an archive is made of whole bundles of {RECORDS}")]
    TooFew { n_events: u64 },
    #[error("the checkpoint is about another ledger than this")]
    OtherTree(#[source] Box<shipway_ledger::document::OtherTree>),
    #[error("the proof that the archive is the ledger's beginning does not hold")]
    NotProved(#[from] shipway_ledger::ProofError),
    #[error("records from {from} on cannot be packed")]
    Bundle { from: u64, source: io::Error },
    #[error("no table can be made")]
    Table(#[from] TableError),
    #[error("record {position} has no time: {reason}")]
    Time { position: u64, reason: String },
}

/// Adds to the archive at `place`, or begins it with, the records of `source` that are older than `before`, in whole
/// bundles. `signed` is what has been found signed in the source's checkpoint, to which the archive is tied by a proof.
///
/// The manifest is written last, so whoever is killed meanwhile leaves the archive that was there.
///
/// # Errors
/// Also when the archive is of another ledger, or of another history of this one.
pub fn extend(
    place: &Place,
    source: &Source,
    note: &str,
    signed: &Checkpoint,
    before: Timestamp,
) -> Result<Extended, ExtendError> {
    let reader = source.reader.as_ref();
    let known = Manifest::read(place)?;
    let archived = known.as_ref().map_or(0, |it| it.size);
    if archived > signed.size {
        return Err(ExtendError::Shrunk { archived, size: signed.size });
    }
    let mut tree = Frontier::default();
    fold_leaves(reader, &mut tree, archived)?;
    if let Some(it) = known.as_ref().filter(|it| it.root != tree.root()) {
        return Err(ExtendError::Fork { size: archived, archived: it.root, found: tree.root() });
    }
    let n_older = older(reader, before, archived, signed.size)?;
    let size = n_older / RECORDS * RECORDS;
    let (mut tables, is_only_copy, pruned) =
        known.as_ref().map_or((Vec::new(), false, 0), |it| (it.tables.clone(), it.is_only_copy, it.pruned));
    match known {
        Some(manifest) if size <= archived => return Ok(Extended { manifest, added: 0 }),
        None if size == 0 => return Err(ExtendError::TooFew { n_events: n_older }),
        Some(_) | None => {}
    }
    while tree.size() < size {
        let to = size.min(tree.size() + TABLE_ROWS_MAX);
        tables.push(write_table(place, reader, &mut tree, to)?);
    }
    let root = tree.root();
    let growth = ProofDocument {
        claim: Claim::Consistency { size1: size, root1: root, size2: signed.size, root2: signed.root },
        path: proof::consistency(reader, size, signed.size)?,
        checkpoint: Some(note.to_owned()),
    };
    growth.verify()?;
    growth.is_about(signed).map_err(|it| ExtendError::OtherTree(Box::new(it)))?;
    let growth = serde_json::from_str(&growth.to_json()).expect("a proof document is JSON");
    let manifest = Manifest { size, root, growth, tables, is_only_copy, pruned };
    manifest.write(place)?;
    Ok(Extended { manifest, added: size - archived })
}

/// Writes the records from the tree's end up to `to` as bundles and as one table.
fn write_table(
    place: &Place,
    reader: &dyn StoreReader,
    tree: &mut Frontier,
    to: u64,
) -> Result<Table, ExtendError> {
    let from = tree.size();
    let mut writer = TableWriter::new()?;
    while tree.size() < to {
        let limit = (to - tree.size()).min(BUNDLES_CHUNK * RECORDS);
        let records = reader.read(tree.size(), limit as usize)?;
        for bundle in records.chunks(RECORDS as usize) {
            let index = tree.size() / RECORDS;
            for record in bundle {
                check(record, tree.size())?;
                tree.push(record.leaf);
                let Record { position, leaf, bytes } = record.clone();
                writer.push(Row { position, leaf, record: bytes })?;
            }
            if !tree.size().is_multiple_of(RECORDS) {
                return Err(ExtendError::Missing { position: tree.size() });
            }
            let packed = bundle::pack(bundle.iter().map(|it| &*it.bytes));
            let packed = packed.map_err(|source| ExtendError::Bundle { from: index * RECORDS, source })?;
            let leaves: Vec<_> = bundle.iter().map(|it| it.leaf).collect();
            place.write(&bundle::name(index), packed)?;
            place.write(&bundle::leaves_name(index), write_hashes(&leaves))?;
        }
        if records.is_empty() {
            return Err(ExtendError::Missing { position: tree.size() });
        }
    }
    let (bytes, newest) = writer.finish()?;
    let (file, digest) = (Manifest::table_file(from, to), Digest::of(&bytes));
    place.write(&file, bytes)?;
    Ok(Table { file, from, to, digest, newest })
}

fn check(record: &Record, position: u64) -> Result<(), ExtendError> {
    if record.position != position {
        return Err(ExtendError::Missing { position });
    }
    if leaf_hash(&record.bytes) != record.leaf { Err(ExtendError::Changed { position }) } else { Ok(()) }
}

fn fold_leaves(reader: &dyn StoreReader, tree: &mut Frontier, size: u64) -> Result<(), ExtendError> {
    while tree.size() < size {
        let left = usize::try_from(size - tree.size()).unwrap_or(usize::MAX);
        let leaves = reader.leaves(tree.size(), LEAVES_CHUNK.min(left))?;
        if leaves.is_empty() {
            return Err(ExtendError::Missing { position: tree.size() });
        }
        leaves.into_iter().for_each(|it| tree.push(it));
    }
    Ok(())
}

/// How many of the first `size` records were written before `before`, at least `archived`. Time in the ledger never runs
/// backwards. Those that are archived are not read: perhaps the archive has just been moved.
fn older(reader: &dyn StoreReader, before: Timestamp, archived: u64, size: u64) -> Result<u64, ExtendError> {
    let (mut begin, mut end) = (archived, size);
    while begin < end {
        let middle = begin + (end - begin) / 2;
        if time_of(reader, middle)? < before { begin = middle + 1 } else { end = middle }
    }
    Ok(begin)
}

fn time_of(reader: &dyn StoreReader, position: u64) -> Result<Timestamp, ExtendError> {
    #[derive(Deserialize)]
    struct Written {
        at: Timestamp,
    }
    let records = reader.read(position, 1)?;
    let record = records.first().ok_or(ExtendError::Missing { position })?;
    let written = serde_json::from_slice::<Written>(&record.bytes);
    written.map(|it| it.at).map_err(|it| ExtendError::Time { position, reason: it.to_string() })
}
