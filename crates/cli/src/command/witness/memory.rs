//! What a witness has seen, on the disk.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use shipway_ledger::Origin;
use shipway_ledger::witness::Seen;
use shipway_model::Digest;

use super::write;

/// The form of the file.
const VERSION: &str = "shipway.dev/witness/v1";

/// The latest checkpoint that was cosigned of every log.
pub(super) struct Memory {
    path: PathBuf,
    kept: Kept,
    /// Two witnesses with one memory would each overwrite what the other has seen.
    _lock: File,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Kept {
    schema: String,
    /// By the log's name.
    logs: BTreeMap<String, Latest>,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Latest {
    size: u64,
    root: Digest,
}

/// Why a memory cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    #[error("{} cannot be used", .0.display())]
    Io(PathBuf, #[source] io::Error),
    #[error("{} is in use by another witness", .0.display())]
    Locked(PathBuf),
    #[error("the witness has a key, but what it has seen is missing: {}. It must not sign: restore the file.", .0.display())]
    Missing(PathBuf),
    #[error("{} is no memory of a witness. One that has forgotten must not sign: restore the file.", .0.display())]
    Damaged(PathBuf, #[source] serde_json::Error),
    #[error("{} has the form `{found}`; this version knows `{VERSION}`", path.display())]
    Version { path: PathBuf, found: String },
}

impl Memory {
    /// That of a new witness, unless there is one already.
    pub(super) fn begin(path: &Path) -> Result<Self, Fault> {
        let unusable = |error| Fault::Io(path.to_owned(), error);
        let lock = lock(path)?;
        if !fs::exists(path).map_err(unusable)? {
            write(path, &Kept { schema: VERSION.to_owned(), logs: BTreeMap::new() }.to_text(), 0o600)
                .map_err(unusable)?;
        }
        Self::read(path, lock)
    }

    /// That of a witness that may have signed: it must be there.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        Self::read(path, lock(path)?)
    }

    fn read(path: &Path, lock: File) -> Result<Self, Fault> {
        let bytes = fs::read(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => Fault::Missing(path.to_owned()),
            _ => Fault::Io(path.to_owned(), error),
        })?;
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|it| Fault::Damaged(path.to_owned(), it))?;
        if kept.schema != VERSION {
            return Err(Fault::Version { path: path.to_owned(), found: kept.schema });
        }
        Ok(Self { path: path.to_owned(), kept, _lock: lock })
    }

    pub(super) fn seen(&self, log: &str) -> Option<Seen> {
        self.kept.logs.get(log).map(|it| Seen { size: it.size, root: it.root })
    }

    /// Returns when the disk has it. After an error the disk may have it or not; either is safe, as nothing was
    /// signed.
    pub(super) fn remember(&mut self, log: &Origin, seen: Seen) -> io::Result<()> {
        let mut kept = self.kept.clone();
        kept.logs.insert(log.to_string(), Latest { size: seen.size, root: seen.root });
        write(&self.path, &kept.to_text(), 0o600)?;
        self.kept = kept;
        Ok(())
    }
}

impl Kept {
    fn to_text(&self) -> String {
        serde_json::to_string_pretty(self).expect("its keys are strings")
    }
}

fn lock(path: &Path) -> Result<File, Fault> {
    let unusable = |error| Fault::Io(path.to_owned(), error);
    let mut beside = path.as_os_str().to_owned();
    beside.push(".lock");
    let opened = OpenOptions::new().create(true).truncate(false).write(true).open(&beside);
    let lock = opened.map_err(unusable)?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Fault::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(unusable(error)),
    }
}
