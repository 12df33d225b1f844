//! A folder with a log as static files (C2SP tlog-tiles): reading, checking and writing it.

use shipway_ledger::tiles::{
    Content, ENTRY_BYTES_MAX, EntryTooLong, InvalidTile, Tile, TiledTree, WIDTH, push_entry, read_entries,
    read_hashes, write_hashes,
};
use shipway_ledger::{Checkpoint, Policy, PolicyError, Vouched, leaf_hash};
use shipway_model::Digest;
use shipway_store::{Lock, Place, PlaceError};

/// The checkpoint within the folder. It is written last: what it signs for is there.
pub(in crate::command) const CHECKPOINT: &str = "checkpoint";
/// The longest bundle, in bytes; nothing in the folder is longer.
const TILE_BYTES_MAX: u64 = WIDTH as u64 * (2 + ENTRY_BYTES_MAX as u64);
/// Files that are kept back to be written at once.
const UNWRITTEN_MAX: usize = 32;

pub(in crate::command) struct TileFolder {
    place: Place,
}

/// Why a folder is not a sound log, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum Fault {
    #[error(transparent)]
    Place(#[from] PlaceError),
    #[error("{name} is missing")]
    Missing { name: String },
    #[error("there is no `checkpoint` in the folder")]
    NoCheckpoint,
    #[error("the checkpoint cannot be believed")]
    Checkpoint(#[from] PolicyError),
    #[error("{tile} is damaged")]
    Tile { tile: Tile, source: InvalidTile },
    #[error("record {position} does not hash to what {tile} has for it: one of them has been changed")]
    Leaf { position: u64, tile: Tile },
    #[error("{tile} has not the hashes of the tiles below it")]
    Node { tile: Tile },
    #[error("the {size} records have the root {found}, but the checkpoint signs {expected}")]
    Root { size: u64, expected: Digest, found: Digest },
    #[error("the tiles add up to the root {found}, but the folder's checkpoint signs {expected}")]
    Edge { expected: Digest, found: Digest },
    #[error("the folder has {exported} records already; a ledger of {size} cannot be its continuation")]
    Shrunk { exported: u64, size: u64 },
    #[error(
        "the ledger does not continue what was exported: its {size} records would have the root {found}, \
         but its checkpoint signs {expected}"
    )]
    Fork { size: u64, expected: Digest, found: Digest },
    #[error("record {position} cannot be exported")]
    Entry { position: u64, source: EntryTooLong },
}

impl TileFolder {
    pub(in crate::command) fn at(place: Place) -> Self {
        Self { place }
    }

    /// The signed note, word for word.
    fn checkpoint(&self) -> Result<Option<String>, Fault> {
        let found = self.place.read_to_replace(CHECKPOINT, TILE_BYTES_MAX)?;
        // What is no text is no note either.
        Ok(found.map(|it| String::from_utf8_lossy(&it).into_owned()))
    }

    /// Checks every byte that the checkpoint signs for: records, hashes, root and signatures.
    pub(in crate::command) fn verify(&self, policy: &Policy) -> Result<Vouched, Fault> {
        let vouched = policy.verify(&self.checkpoint()?.ok_or(Fault::NoCheckpoint)?)?;
        let Checkpoint { size, root: expected, .. } = vouched.checkpoint;
        let mut tree = TiledTree::default();
        while tree.size() < size {
            let width = (size - tree.size()).min(WIDTH.into()) as u16;
            let mut filled = Vec::new();
            for record in self.records(Tile::entries(tree.size() / u64::from(WIDTH), width))? {
                tree.push(leaf_hash(&record), |tile, hashes| filled.push((tile, hashes)));
            }
            for (tile, hashes) in filled {
                self.compare(tile, &hashes)?;
            }
        }
        for (tile, hashes) in tree.partial_tiles() {
            self.compare(tile, hashes)?;
        }
        let found = tree.root();
        if found == expected { Ok(vouched) } else { Err(Fault::Root { size, expected, found }) }
    }

    fn compare(&self, tile: Tile, expected: &[Digest]) -> Result<(), Fault> {
        let found = self.hashes(tile)?;
        let Some(at) = found.iter().zip(expected).position(|(a, b)| a != b) else { return Ok(()) };
        match tile.content {
            Content::Hashes { level: 0 } => {
                Err(Fault::Leaf { position: tile.index * u64::from(WIDTH) + at as u64, tile })
            }
            _ => Err(Fault::Node { tile }),
        }
    }

    fn hashes(&self, tile: Tile) -> Result<Vec<Digest>, Fault> {
        let (found, bytes) = self.read(tile)?;
        let mut hashes = read_hashes(&bytes, found.width).map_err(|source| Fault::Tile { tile, source })?;
        hashes.truncate(tile.width.into());
        Ok(hashes)
    }

    fn records(&self, tile: Tile) -> Result<Vec<Vec<u8>>, Fault> {
        let (found, bytes) = self.read(tile)?;
        let records = read_entries(&bytes, found.width).map_err(|source| Fault::Tile { tile, source })?;
        Ok(records.into_iter().take(tile.width.into()).map(<[u8]>::to_vec).collect())
    }

    /// A tile's bytes, or those of the full tile that has taken the place of a partial one.
    fn read(&self, tile: Tile) -> Result<(Tile, Vec<u8>), Fault> {
        let full = (!tile.is_full()).then_some(Tile { width: WIDTH, ..tile });
        for tile in std::iter::once(tile).chain(full) {
            if let Some(bytes) = self.place.read_at_most(&tile.to_string(), TILE_BYTES_MAX)? {
                return Ok((tile, bytes.into()));
            }
        }
        Err(Fault::Missing { name: tile.to_string() })
    }
}

/// Adds records to a folder. A crash leaves the folder as sound as it was: files that exist are not changed before
/// the checkpoint, which is replaced as one piece when all that it signs for is durable.
pub(super) struct TileWriter {
    folder: TileFolder,
    tree: TiledTree,
    /// Records of the bundle that is not full yet.
    bundle: Vec<u8>,
    unwritten: Vec<(String, Vec<u8>)>,
    _lock: Lock,
}

impl TileWriter {
    /// Continues the folder, or begins it.
    pub(super) fn open(address: &str, policy: &Policy) -> Result<Self, Fault> {
        let place = Place::make(address)?;
        let lock = place.lock()?;
        let folder = TileFolder::at(place);
        let (tree, bundle) = match folder.checkpoint()? {
            None => (TiledTree::default(), Vec::new()),
            Some(note) => folder.resume(&policy.verify(&note)?.checkpoint)?,
        };
        Ok(Self { folder, tree, bundle, unwritten: Vec::new(), _lock: lock })
    }

    /// The number of records there are.
    pub(super) fn size(&self) -> u64 {
        self.tree.size()
    }

    /// Adds a record. It counts once [`TileWriter::finish`] has returned.
    pub(super) fn push(&mut self, record: &[u8]) -> Result<(), Fault> {
        let position = self.tree.size();
        push_entry(&mut self.bundle, record).map_err(|source| Fault::Entry { position, source })?;
        let mut filled = Vec::new();
        self.tree.push(leaf_hash(record), |tile, hashes| filled.push((tile, hashes)));
        if let Some((lowest, _)) = filled.first() {
            let bundle = std::mem::take(&mut self.bundle);
            self.unwritten.push((Tile::entries(lowest.index, WIDTH).to_string(), bundle));
        }
        let filled = filled.iter().map(|(tile, hashes)| (tile.to_string(), write_hashes(hashes)));
        self.unwritten.extend(filled);
        if self.unwritten.len() < UNWRITTEN_MAX { Ok(()) } else { self.write() }
    }

    /// Writes what is not full and then the checkpoint `note`, which has been found to say `signed`.
    pub(super) fn finish(mut self, note: &str, signed: &Checkpoint) -> Result<(), Fault> {
        let (size, found, expected) = (self.tree.size(), self.tree.root(), signed.root);
        if size > signed.size {
            return Err(Fault::Shrunk { exported: size, size: signed.size });
        }
        if (size, found) != (signed.size, expected) {
            return Err(Fault::Fork { size, expected, found });
        }
        for (tile, hashes) in self.tree.partial_tiles() {
            if tile.content == (Content::Hashes { level: 0 }) {
                let bundle = std::mem::take(&mut self.bundle);
                self.unwritten.push((Tile::entries(tile.index, tile.width).to_string(), bundle));
            }
            self.unwritten.push((tile.to_string(), write_hashes(hashes)));
        }
        self.write()?;
        Ok(self.folder.place.replace(CHECKPOINT, note.as_bytes().to_vec())?)
    }

    fn write(&mut self) -> Result<(), Fault> {
        Ok(self.folder.place.write_all(std::mem::take(&mut self.unwritten))?)
    }
}

impl TileFolder {
    /// The tree and the open bundle of what `signed` says is there.
    fn resume(&self, signed: &Checkpoint) -> Result<(TiledTree, Vec<u8>), Fault> {
        let tree = TiledTree::resume(signed.size, |tile| self.hashes(tile))?;
        let (expected, found) = (signed.root, tree.root());
        if found != expected {
            return Err(Fault::Edge { expected, found });
        }
        let mut bundle = Vec::new();
        let width = (signed.size % u64::from(WIDTH)) as u16;
        if width > 0 {
            let tile = Tile::entries(signed.size / u64::from(WIDTH), width);
            let leaves = self.hashes(Tile::hashes(0, tile.index, width))?;
            for (nth, (record, leaf)) in self.records(tile)?.iter().zip(leaves).enumerate() {
                let position = tile.index * u64::from(WIDTH) + nth as u64;
                if leaf_hash(record) != leaf {
                    return Err(Fault::Leaf { position, tile });
                }
                push_entry(&mut bundle, record).map_err(|source| Fault::Entry { position, source })?;
            }
        }
        Ok((tree, bundle))
    }
}

#[cfg(test)]
mod tests;
