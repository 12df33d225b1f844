//! Proofs made from what a store keeps: leaf hashes and the nodes from [`NODE_LEVEL_MIN`] up.

use std::cell::RefCell;

use shipway_ledger::{Hashes, prove_consistency, prove_inclusion};
use shipway_model::Digest;

use crate::store::{NODE_LEVEL_MIN, StoreError, StoreReader};

/// Why there is no proof.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Impossible(#[from] shipway_ledger::ProofError),
}

/// Sibling hashes from record `position` up to the root over `size` records.
pub fn inclusion(reader: &dyn StoreReader, position: u64, size: u64) -> Result<Vec<Digest>, ProofError> {
    with_hashes(reader, |hashes| prove_inclusion(hashes, position, size))
}

/// The proof that the ledger of `size2` records begins with that of `size1`.
pub fn consistency(reader: &dyn StoreReader, size1: u64, size2: u64) -> Result<Vec<Digest>, ProofError> {
    with_hashes(reader, |hashes| prove_consistency(hashes, size1, size2))
}

fn with_hashes(
    reader: &dyn StoreReader,
    prove: impl FnOnce(&dyn Hashes) -> Result<Vec<Digest>, shipway_ledger::ProofError>,
) -> Result<Vec<Digest>, ProofError> {
    let hashes = StoredHashes { reader, tile: RefCell::default(), fault: RefCell::default() };
    let proof = prove(&hashes);
    match hashes.fault.into_inner() {
        Some(fault) => Err(fault.into()),
        None => Ok(proof?),
    }
}

/// Reads leaves a tile at a time: a proof asks for neighbours.
struct StoredHashes<'a> {
    reader: &'a dyn StoreReader,
    /// Where the tile begins, and its leaves.
    tile: RefCell<(u64, Vec<Digest>)>,
    /// The trait has no room for a store's failure; it is kept here.
    fault: RefCell<Option<StoreError>>,
}

const TILE: u64 = 1 << NODE_LEVEL_MIN;

impl StoredHashes<'_> {
    fn kept<T: Default>(&self, found: Result<T, StoreError>) -> T {
        found.unwrap_or_else(|fault| {
            self.fault.replace(Some(fault));
            T::default()
        })
    }
}

impl Hashes for StoredHashes<'_> {
    fn leaf(&self, index: u64) -> Option<Digest> {
        let start = index - index % TILE;
        let mut tile = self.tile.borrow_mut();
        if tile.0 != start || tile.1.is_empty() {
            *tile = (start, self.kept(self.reader.leaves(start, TILE as usize)));
        }
        tile.1.get((index - start) as usize).copied()
    }

    fn node(&self, level: u32, index: u64) -> Option<Digest> {
        if level < NODE_LEVEL_MIN { None } else { self.kept(self.reader.node(level, index)) }
    }
}
