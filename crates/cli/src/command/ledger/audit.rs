//! The places of ledgers, and whether what is derived from the events there is what follows from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_ledger::Frontier;
use shipway_model::event::Event;
use shipway_runtime::store::{Loaded, NODE_LEVEL_MIN, Node};
use shipway_runtime::{Record, StoreError, StoreReader};
use shipway_store::{PostgresStore, SqliteStore};

use crate::control_plane;
use crate::failure::Failure;

const NEXT: &str = "shipway ledger verify --help";

/// What a store holds, its reader, and the public key's file beside it.
pub(super) type Found = (Loaded, Arc<dyn StoreReader>, Option<PathBuf>);

pub(super) enum Place<'a> {
    /// A control plane's folder, or its ledger's file.
    Folder(&'a Path),
    /// A database's address.
    Database(&'a str),
}

impl Place<'_> {
    /// What is there, and the file of the public key that lies beside it.
    pub(super) fn look(&self) -> Result<Found, Failure> {
        match self {
            Self::Folder(data) => look_at_folder(data),
            Self::Database(address) => {
                let (loaded, reader) =
                    PostgresStore::inspect(address).map_err(|error| Failure::because(&error, NEXT))?;
                Ok((loaded, reader, None))
            }
        }
    }
}

fn look_at_folder(data: &Path) -> Result<Found, Failure> {
    let (file, folder) = if data.is_dir() {
        (data.join(control_plane::LEDGER), data)
    } else {
        (data.to_owned(), data.parent().unwrap_or(Path::new(".")))
    };
    if !file.is_file() {
        return Err(Failure::new(
            format!("there is no ledger at {}", file.display()),
            "shipway ledger verify",
        ));
    }
    let (loaded, reader) = SqliteStore::inspect(&file).map_err(|error| Failure::because(&error, NEXT))?;
    let beside = folder.join(control_plane::PUBLIC_KEY);
    Ok((loaded, reader, beside.is_file().then_some(beside)))
}

/// Follows the records of a ledger and compares what is kept beside them.
pub(super) struct Audit {
    reader: Arc<dyn StoreReader>,
    frontier: Frontier,
}

impl Audit {
    pub(super) fn new(reader: Arc<dyn StoreReader>) -> Self {
        Self { reader, frontier: Frontier::default() }
    }

    /// Checks what belongs to `records`, which are sound and come next, from position `from` on.
    pub(super) fn check(&mut self, from: u64, records: &[Record]) -> Result<(), Failure> {
        let streams = self.reader.streams(from, records.len()).map_err(unreadable)?;
        for (record, stream) in records.iter().zip(&streams) {
            let event: Event = serde_json::from_slice(&record.bytes)
                .map_err(|error| wrong(record.position, &format!("it is no event: {error}")))?;
            let expected = event.body.stream().to_string();
            if *stream != expected {
                let why = format!("it belongs to the stream {expected} and is kept under {stream}");
                return Err(wrong(record.position, &why));
            }
        }
        let mut nodes = Vec::new();
        for record in records {
            self.frontier.push_with(record.leaf, |level, index, hash| {
                if level >= NODE_LEVEL_MIN {
                    nodes.push(Node { level, index, hash });
                }
            });
        }
        for Node { level, index, hash } in nodes {
            if self.reader.node(level, index).map_err(unreadable)? != Some(hash) {
                let end = (index + 1) << level;
                let why = format!(
                    "the hash that is kept for proofs over the {} events up to it is not theirs",
                    1_u64 << level
                );
                return Err(wrong(end - 1, &why));
            }
        }
        Ok(())
    }
}

pub(super) fn unreadable(error: StoreError) -> Failure {
    Failure::because(&error, NEXT)
}

fn wrong(position: u64, why: &str) -> Failure {
    let message = format!("the ledger is not sound: event {position}: {why}");
    Failure::new(message, format!("shipway ledger show --from {position} --limit 1"))
}
