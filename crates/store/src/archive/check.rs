//! Whether an archive is what it says, with no ledger at hand.

use shipway_ledger::document::OtherTree;
use shipway_ledger::tiles::{InvalidTile, WIDTH, read_hashes};
use shipway_ledger::{Frontier, InvalidDocument, Policy, PolicyError, ProofError, Vouched, leaf_hash};
use shipway_model::Digest;

use super::bundle::{self, RECORDS};
use super::manifest::{MANIFEST, Manifest, ManifestError, Table};
use super::table::{TableError, read_table};
use crate::place::{Place, PlaceError};

/// Why an archive is not believed.
#[derive(Debug, thiserror::Error)]
pub enum Unsound {
    #[error("there is no {MANIFEST} at {address}")]
    NoArchive { address: String },
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("the proof in {MANIFEST} cannot be read")]
    Growth(#[from] InvalidDocument),
    #[error("the proof in {MANIFEST} does not show that the archive is the beginning of the signed ledger")]
    NotProved(#[from] ProofError),
    #[error("the proof in {MANIFEST} has no checkpoint")]
    NoCheckpoint,
    #[error("the checkpoint cannot be believed")]
    Checkpoint(#[from] PolicyError),
    #[error("the checkpoint is about another tree than the proof")]
    OtherTree(#[from] OtherTree),
    #[error("{name} is missing")]
    Missing { name: String },
    #[error("{name} is damaged")]
    Tile { name: String, source: InvalidTile },
    #[error("{name} is damaged: {reason}")]
    Bundle { name: String, reason: String },
    #[error("event {position} in {name} is not the one of its hash: one of them has been changed")]
    Event { name: String, position: u64 },
    #[error("the {size} events have the root {found}, but {MANIFEST} says {expected}")]
    Root { size: u64, expected: Digest, found: Digest },
    #[error("{name} has been changed: its digest is not the one in {MANIFEST}")]
    Digest { name: String },
    #[error("{name} is not sound")]
    Table { name: String, source: TableError },
}

/// Checks every byte that is there: bundles against hashes, these against the root, the root against a signed
/// checkpoint, and tables against the hashes. Of what was pruned the hashes are checked.
///
/// # Errors
/// With the place of the first thing that is not as it should be.
pub fn verify(place: &Place, policy: &Policy) -> Result<(Manifest, Vouched), Unsound> {
    let manifest = Manifest::read(place)?;
    let manifest = manifest.ok_or_else(|| Unsound::NoArchive { address: place.address().to_owned() })?;
    let growth = manifest.growth()?;
    growth.verify()?;
    let vouched = policy.verify(growth.checkpoint.as_deref().ok_or(Unsound::NoCheckpoint)?)?;
    growth.is_about(&vouched.checkpoint)?;
    let mut tree = Frontier::default();
    for table in &manifest.tables {
        let is_kept = table.from >= manifest.pruned;
        let mut leaves = Vec::with_capacity((table.to - table.from) as usize);
        for index in table.from / RECORDS..table.to / RECORDS {
            leaves.extend(check_bundle(place, index, is_kept)?);
        }
        leaves.iter().for_each(|it| tree.push(*it));
        if is_kept {
            check_table(place, table, &leaves)?;
        }
    }
    let (size, expected, found) = (manifest.size, manifest.root, tree.root());
    if found == expected { Ok((manifest, vouched)) } else { Err(Unsound::Root { size, expected, found }) }
}

/// The leaf hashes of a bundle, whose records hash to them if they are kept.
fn check_bundle(place: &Place, index: u64, is_kept: bool) -> Result<Vec<Digest>, Unsound> {
    let name = bundle::leaves_name(index);
    let leaves = read_hashes(&read(place, &name)?, WIDTH).map_err(|source| Unsound::Tile { name, source })?;
    if is_kept {
        let name = bundle::name(index);
        let records = bundle::unpack(&read(place, &name)?);
        let records =
            records.map_err(|error| Unsound::Bundle { name: name.clone(), reason: error.to_string() })?;
        let wrong = records.iter().zip(&leaves).position(|(record, leaf)| leaf_hash(record) != *leaf);
        if let Some(nth) = wrong {
            return Err(Unsound::Event { name, position: index * RECORDS + nth as u64 });
        }
    }
    Ok(leaves)
}

fn check_table(place: &Place, table: &Table, leaves: &[Digest]) -> Result<(), Unsound> {
    let name = || table.file.clone();
    let bytes = read(place, &table.file)?;
    if Digest::of(&bytes) != table.digest {
        return Err(Unsound::Digest { name: name() });
    }
    let (mut next, mut expected) = (table.from, leaves.iter());
    read_table(bytes.into(), |row| -> Result<(), RowFault> {
        let is_same =
            row.position == next && expected.next() == Some(&row.leaf) && leaf_hash(&row.record) == row.leaf;
        next += 1;
        if is_same { Ok(()) } else { Err(RowFault::Differs(next - 1)) }
    })
    .map_err(|fault| match fault {
        RowFault::Table(source) => Unsound::Table { name: name(), source },
        RowFault::Differs(position) => Unsound::Event { name: name(), position },
    })?;
    if next == table.to { Ok(()) } else { Err(Unsound::Event { name: name(), position: next }) }
}

fn read(place: &Place, name: &str) -> Result<Vec<u8>, Unsound> {
    place.read(name)?.map(Into::into).ok_or_else(|| Unsound::Missing { name: name.to_owned() })
}

enum RowFault {
    Table(TableError),
    Differs(u64),
}

impl From<TableError> for RowFault {
    fn from(fault: TableError) -> Self {
        Self::Table(fault)
    }
}
