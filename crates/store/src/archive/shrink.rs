//! Making a live store smaller: what is in the archive need not be in the store as well.

use shipway_ledger::leaf_hash;
use shipway_runtime::{StoreError, StoreReader};

use super::bundle::{self, RECORDS};
use super::manifest::Manifest;
use crate::place::{Place, PlaceError};

/// Records whose bytes are dropped in one transaction. Writers wait for it.
const PIECE: u64 = 8 * RECORDS;

/// A store whose old records may move to an archive. All calls block; each is one transaction.
pub trait Shrink {
    /// Where the records are read whose bytes are gone.
    fn archived(&mut self) -> Result<Option<Archived>, StoreError>;

    /// From now on, records without bytes are read there.
    fn point_to(&mut self, archived: &Archived) -> Result<(), StoreError>;

    /// The first of the records `from..to` that still has its bytes.
    fn first_kept(&mut self, from: u64, to: u64) -> Result<Option<u64>, StoreError>;

    /// Drops the bytes of the records `from..to`; hashes and streams stay.
    fn drop_bytes(&mut self, from: u64, to: u64) -> Result<(), StoreError>;
}

/// What a live store remembers of its archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archived {
    /// How many records, from the first on, it may have dropped.
    pub size: u64,
    /// The archive's address.
    pub place: String,
}

/// What has left the live store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// Records whose bytes were dropped now.
    pub dropped: u64,
}

/// Why records did not all leave the live store. Nothing is lost: each is in the store, in the archive, or in both.
#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error("the live store cannot be changed")]
    Store(#[from] StoreError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{name} in the archive at {address} is {what}: the live store keeps these events")]
    Unfaithful { name: String, address: String, what: String },
    #[error(
        "the archive at {address} has lost its first {pruned} events to `ledger prune`: it is no longer whole"
    )]
    Pruned { address: String, pruned: u64 },
}

/// Drops from the live store the bytes of every record that the archive has, piece by piece, each after it has been read
/// from the archive and found to be what was recorded. Killed at any moment, it is continued by the next call.
///
/// # Errors
/// When the archive does not hold what it should.
pub fn move_out(
    live: &mut dyn Shrink,
    reader: &dyn StoreReader,
    place: &Place,
    manifest: &Manifest,
) -> Result<Moved, MoveError> {
    let (address, size) = (place.address().to_owned(), manifest.size);
    if manifest.pruned > 0 {
        return Err(MoveError::Pruned { address, pruned: manifest.pruned });
    }
    let before = live.archived()?;
    // What was dropped when the archive was elsewhere will be read here from now on.
    if let Some(moved) = before.as_ref().filter(|it| it.place != address) {
        each_piece(0, moved.size, |from, to| compare(reader, place, from, to))?;
    }
    if !manifest.is_only_copy {
        Manifest { is_only_copy: true, ..manifest.clone() }.write(place)?;
    }
    let archived = Archived { size: size.max(before.as_ref().map_or(0, |it| it.size)), place: address };
    if before.as_ref() != Some(&archived) {
        live.point_to(&archived)?;
    }
    let mut dropped = 0;
    each_piece(0, size, |from, to| {
        if let Some(first) = live.first_kept(from, to)? {
            let from = first / RECORDS * RECORDS;
            compare(reader, place, from, to)?;
            live.drop_bytes(from, to)?;
            dropped += to - first;
        }
        Ok(())
    })?;
    Ok(Moved { dropped })
}

fn each_piece(
    from: u64,
    to: u64,
    mut act: impl FnMut(u64, u64) -> Result<(), MoveError>,
) -> Result<(), MoveError> {
    let mut at = from;
    while at < to {
        let end = to.min(at + PIECE);
        act(at, end)?;
        at = end;
    }
    Ok(())
}

/// Whether the archive has the records `from..to`, which are whole bundles, by the hashes in the live store.
fn compare(reader: &dyn StoreReader, place: &Place, from: u64, to: u64) -> Result<(), MoveError> {
    let leaves = reader.leaves(from, (to - from) as usize)?;
    let indexes: Vec<u64> = (from / RECORDS..to / RECORDS).collect();
    let files = place.read_all(indexes.iter().map(|it| bundle::name(*it)).collect())?;
    for ((index, file), leaves) in indexes.iter().zip(files).zip(leaves.chunks(RECORDS as usize)) {
        let unfaithful = |what: String| MoveError::Unfaithful {
            name: bundle::name(*index),
            address: place.address().to_owned(),
            what,
        };
        let file = file.ok_or_else(|| unfaithful("missing".to_owned()))?;
        let records = bundle::unpack(&file).map_err(|error| unfaithful(format!("damaged ({error})")))?;
        if !records.iter().map(|it| leaf_hash(it)).eq(leaves.iter().copied()) {
            return Err(unfaithful("not what was recorded".to_owned()));
        }
    }
    Ok(())
}
