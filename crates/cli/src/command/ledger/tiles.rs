//! A folder with a log as static files (C2SP tlog-tiles): reading, checking and writing it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use shipway_ledger::tiles::{
    Content, ENTRY_BYTES_MAX, EntryTooLong, InvalidTile, Tile, TiledTree, WIDTH, push_entry, read_entries,
    read_hashes, write_hashes,
};
use shipway_ledger::{Checkpoint, Policy, PolicyError, Vouched, leaf_hash};
use shipway_model::Digest;

/// The checkpoint within the folder. It is written last: what it signs for is there.
const CHECKPOINT: &str = "checkpoint";
/// The longest bundle, in bytes; nothing in the folder is longer.
const TILE_BYTES_MAX: u64 = WIDTH as u64 * (2 + ENTRY_BYTES_MAX as u64);
/// Held by who writes.
const LOCK: &str = ".lock";

pub(in crate::command) struct TileFolder {
    path: PathBuf,
}

/// Why a folder is not a sound log, or cannot be written.
#[derive(Debug, thiserror::Error)]
pub(in crate::command) enum Fault {
    #[error("{path} cannot be used")]
    Io { path: String, source: io::Error },
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
    #[error("another export is writing to the folder")]
    Locked,
}

impl TileFolder {
    pub(in crate::command) fn at(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// The signed note, word for word.
    fn checkpoint(&self) -> Result<Option<String>, Fault> {
        match read_at_most(&self.path.join(CHECKPOINT), TILE_BYTES_MAX).map(String::from_utf8) {
            Ok(Ok(note)) => Ok(Some(note)),
            Ok(Err(error)) => Err(self.io(CHECKPOINT, io::Error::new(io::ErrorKind::InvalidData, error))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(self.io(CHECKPOINT, source)),
        }
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
        let read = |tile: Tile| -> io::Result<(Tile, Vec<u8>)> {
            let bytes = read_at_most(&self.path.join(tile.to_string()), TILE_BYTES_MAX)?;
            Ok((tile, bytes))
        };
        let found = match read(tile) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && !tile.is_full() => {
                read(Tile { width: WIDTH, ..tile }).or(Err(error))
            }
            found => found,
        };
        found.map_err(|source| self.io(&tile.to_string(), source))
    }

    fn io(&self, name: &str, source: io::Error) -> Fault {
        Fault::Io { path: self.path.join(name).display().to_string(), source }
    }
}

/// Adds records to a folder. A crash leaves the folder as sound as it was: files that exist are not changed before
/// the checkpoint, which is replaced as one piece when all that it signs for is on the disk.
pub(super) struct TileWriter {
    folder: TileFolder,
    tree: TiledTree,
    /// Records of the bundle that is not full yet.
    bundle: Vec<u8>,
    /// Folders whose entries are not yet known to be on the disk.
    touched: BTreeSet<PathBuf>,
    _lock: File,
}

impl TileWriter {
    /// Continues the folder, or begins it.
    pub(super) fn open(path: &Path, policy: &Policy) -> Result<Self, Fault> {
        let folder = TileFolder::at(path);
        fs::create_dir_all(path).map_err(|source| folder.io("", source))?;
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(path.join(LOCK));
        let lock = lock.map_err(|source| folder.io(LOCK, source))?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => Fault::Locked,
            TryLockError::Error(source) => folder.io(LOCK, source),
        })?;
        let (tree, bundle) = match folder.checkpoint()? {
            None => (TiledTree::default(), Vec::new()),
            Some(note) => folder.resume(&policy.verify(&note)?.checkpoint)?,
        };
        Ok(Self { folder, tree, bundle, touched: BTreeSet::new(), _lock: lock })
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
            self.write(&Tile::entries(lowest.index, WIDTH).to_string(), &bundle)?;
        }
        for (tile, hashes) in filled {
            self.write(&tile.to_string(), &write_hashes(&hashes))?;
        }
        Ok(())
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
        let partial: Vec<_> =
            self.tree.partial_tiles().map(|(tile, hashes)| (tile, write_hashes(hashes))).collect();
        for (tile, bytes) in partial {
            if tile.content == (Content::Hashes { level: 0 }) {
                let bundle = std::mem::take(&mut self.bundle);
                self.write(&Tile::entries(tile.index, tile.width).to_string(), &bundle)?;
            }
            self.write(&tile.to_string(), &bytes)?;
        }
        self.sync()?;
        self.write(CHECKPOINT, note.as_bytes())?;
        self.sync()
    }

    /// One file whole or not at all.
    fn write(&mut self, name: &str, bytes: &[u8]) -> Result<(), Fault> {
        let path = self.folder.path.join(name);
        let parent = path.parent().unwrap_or(&self.folder.path).to_owned();
        let unfinished = parent.join(format!(".{}.new", path.file_name().unwrap_or_default().display()));
        let written = fs::create_dir_all(&parent)
            .and_then(|()| File::create(&unfinished))
            .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
            .and_then(|()| fs::rename(&unfinished, &path));
        written.map_err(|source| self.folder.io(name, source))?;
        let folders = parent.ancestors().take_while(|it| it.starts_with(&self.folder.path));
        self.touched.extend(folders.map(Path::to_owned));
        Ok(())
    }

    fn sync(&mut self) -> Result<(), Fault> {
        for path in std::mem::take(&mut self.touched) {
            let synced = File::open(&path).and_then(|it| it.sync_all());
            synced.map_err(|source| Fault::Io { path: path.display().to_string(), source })?;
        }
        Ok(())
    }
}

/// A file of somebody else's may be of any length.
fn read_at_most(path: &Path, bytes_max: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?.take(bytes_max + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > bytes_max {
        let message = format!("it has more than {bytes_max} bytes");
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(bytes)
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
