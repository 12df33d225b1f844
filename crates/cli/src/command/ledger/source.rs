//! Where a ledger is read from: a control plane that runs, or the files of one that does not.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_api::client::Client;
use shipway_api::operations::ledger::{
    ConsistencyQuery, LedgerQuery, ListLedgerEvents, PositionPath, ShowConsistencyProof, ShowEventProof,
    ShowLedgerHead,
};
use shipway_api::view::ledger::{EventProof, LedgerHead};
use shipway_ledger::{Frontier, VerifierKey, leaf_hash, to_canonical, verify_inclusion};
use shipway_model::Digest;
use shipway_runtime::{ProofError, RECORDS_MAX, Record, StoreReader, proof};
use shipway_store::SqliteStore;

use crate::command::trust;
use crate::connection::{connect, only_now};
use crate::control_plane;
use crate::failure::Failure;
use crate::settings::ConnectionArgs;

const NEXT: &str = "shipway ledger verify";

pub(super) enum Source {
    Server(Client),
    Folder {
        head: LedgerHead,
        reader: Arc<dyn StoreReader>,
        /// The public key that lies beside the ledger.
        key: Option<VerifierKey>,
    },
}

impl Source {
    /// The data folder if one is named, the server otherwise.
    pub(super) fn open(data: Option<&Path>, connection: &ConnectionArgs) -> Result<Self, Failure> {
        let why = "proofs and exports end where a checkpoint signs; an earlier size is tied to it by a proof";
        only_now(connection, why, "shipway ledger prove --consistency A B")?;
        Self::open_then(data, connection)
    }

    /// The same for an earlier instant too. Whoever reads a folder's records leaves out those that were written later.
    pub(super) fn open_then(data: Option<&Path>, connection: &ConnectionArgs) -> Result<Self, Failure> {
        data.map_or_else(|| Ok(Self::Server(connect(connection)?)), open_folder)
    }

    /// The key that lies beside the ledger's files.
    pub(super) fn own_key(&self) -> Option<&VerifierKey> {
        match self {
            Self::Server(_) => None,
            Self::Folder { key, .. } => key.as_ref(),
        }
    }

    pub(super) async fn head(&self) -> Result<LedgerHead, Failure> {
        match self {
            Self::Server(client) => Ok(client.call::<ShowLedgerHead>((), (), ()).await?.value),
            Self::Folder { head, .. } => Ok(head.clone()),
        }
    }

    /// Some records from position `from` on, in their order, each of which hashes to its leaf; none at the end.
    pub(super) async fn records(&self, from: u64) -> Result<Vec<Record>, Failure> {
        let records = match self {
            Self::Server(client) => {
                let query = LedgerQuery { from: Some(from), limit: Some(shipway_api::page::LIMIT_MAX) };
                let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
                let records = page.items.into_iter().map(|entry| {
                    let bytes = to_canonical(&entry.event).map_err(|it| Failure::because(&it, NEXT))?;
                    Ok(Record { position: entry.position, bytes: bytes.into(), leaf: entry.leaf })
                });
                records.collect::<Result<Vec<_>, Failure>>()?
            }
            Self::Folder { head, reader, .. } => {
                // A control plane that runs may write on meanwhile.
                let left = usize::try_from(head.size.saturating_sub(from)).unwrap_or(usize::MAX);
                reader.read(from, RECORDS_MAX.min(left)).map_err(unreadable)?
            }
        };
        for (expected, record) in (from..).zip(&records) {
            if record.position != expected || leaf_hash(&record.bytes) != record.leaf {
                return Err(Failure::new(format!("event {expected} is not what was recorded"), NEXT));
            }
        }
        Ok(records)
    }

    /// The proof that an event is in the ledger, checked against the head that comes with it.
    pub(super) async fn inclusion(&self, position: u64) -> Result<EventProof, Failure> {
        let found = match self {
            Self::Server(client) => {
                client.call::<ShowEventProof>(PositionPath { position }, (), ()).await?.value
            }
            Self::Folder { head, reader, .. } => {
                let path = proof::inclusion(reader.as_ref(), position, head.size).map_err(no_proof)?;
                let leaves = reader.leaves(position, 1).map_err(unreadable)?;
                let leaf = *leaves.first().ok_or_else(|| unknown(position))?;
                EventProof { position, leaf, path, head: head.clone() }
            }
        };
        verify_inclusion(found.leaf, position, found.head.size, &found.path, found.head.root)
            .map_err(|it| Failure::because(&it, NEXT))?;
        Ok(found)
    }

    /// The proof that the first `size1` of the first `size2` events are a ledger's beginning. Not yet checked.
    pub(super) async fn consistency(&self, size1: u64, size2: u64) -> Result<Vec<Digest>, Failure> {
        match self {
            Self::Server(client) => {
                let query = ConsistencyQuery { from: size1, to: Some(size2) };
                Ok(client.call::<ShowConsistencyProof>((), query, ()).await?.value.path)
            }
            Self::Folder { reader, .. } => {
                proof::consistency(reader.as_ref(), size1, size2).map_err(no_proof)
            }
        }
    }

    /// The position of the event with this leaf hash. Reads events from the first on until it is found.
    pub(super) async fn position_of(&self, leaf: Digest) -> Result<u64, Failure> {
        let mut from = 0;
        loop {
            let records = self.records(from).await?;
            if let Some(found) = records.iter().find(|it| it.leaf == leaf) {
                return Ok(found.position);
            }
            let Some(last) = records.last() else {
                return Err(Failure::new(format!("no event hashes to {leaf}"), "shipway ledger show"));
            };
            from = last.position + 1;
        }
    }
}

fn open_folder(data: &Path) -> Result<Source, Failure> {
    let (file, folder): (PathBuf, &Path) = if data.is_dir() {
        (data.join(control_plane::LEDGER), data)
    } else {
        (data.to_owned(), data.parent().unwrap_or(Path::new(".")))
    };
    if !file.is_file() {
        return Err(Failure::new(format!("there is no ledger at {}", file.display()), NEXT));
    }
    let (loaded, reader) = SqliteStore::inspect(&file).map_err(|error| Failure::because(&error, NEXT))?;
    let loaded = loaded.head;
    let frontier = match loaded.frontier.as_slice() {
        [] => Frontier::default(),
        bytes => Frontier::from_bytes(bytes).map_err(|it| Failure::because(&it, NEXT))?,
    };
    let beside = folder.join(control_plane::PUBLIC_KEY);
    let key = if beside.is_file() { Some(trust::read_key(&beside)?) } else { None };
    let head = LedgerHead { size: loaded.size, root: frontier.root(), checkpoint: loaded.checkpoint };
    Ok(Source::Folder { head, reader, key })
}

fn unknown(position: u64) -> Failure {
    Failure::new(format!("there is no event {position}"), "shipway ledger head")
}

fn unreadable(error: shipway_runtime::StoreError) -> Failure {
    Failure::because(&error, NEXT)
}

fn no_proof(error: ProofError) -> Failure {
    Failure::because(&error, "shipway ledger head")
}
