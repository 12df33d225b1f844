//! The places of ledgers, and whether what is derived from the events there is what follows from them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use shipway_ledger::Frontier;
use shipway_model::event::{Body, Event, TextRef};
use shipway_runtime::store::{Loaded, NODE_LEVEL_MIN, Node};
use shipway_runtime::{RECORDS_MAX, Record, StoreError, StoreReader, personal};
use shipway_store::{PostgresStore, SqliteStore};

use super::texts::Texts;
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
    texts: Texts,
    n_unknown: u64,
}

/// What was found beside sound records.
pub(super) struct Derived {
    /// Personal texts that are gone, each with an event that says that it was erased.
    pub(super) texts_erased: u64,
    /// Events of a newer version: what is derived from them cannot be compared.
    pub(super) events_unknown: u64,
}

impl Audit {
    pub(super) fn new(reader: Arc<dyn StoreReader>) -> Self {
        Self { reader, frontier: Frontier::default(), texts: Texts::default(), n_unknown: 0 }
    }

    /// Checks what belongs to `records`, which are sound and come next, from position `from` on.
    pub(super) fn check(&mut self, from: u64, records: &[Record]) -> Result<(), Failure> {
        let streams = self.reader.streams(from, records.len()).map_err(unreadable)?;
        let mut known = Vec::with_capacity(records.len());
        for (record, stream) in records.iter().zip(&streams) {
            let Some(event) = read(record)? else {
                self.n_unknown += 1;
                continue;
            };
            let expected = event.body.stream().to_string();
            if *stream != expected {
                let why = format!("it belongs to the stream {expected} and is kept under {stream}");
                return Err(wrong(record.position, &why));
            }
            self.check_erasure(record.position, &event)?;
            known.push(record.clone());
        }
        self.check_texts(&known)?;
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

    /// What was found, once everything was checked up to `size`. Where texts are missing, newer events may say that they were
    /// erased meanwhile.
    pub(super) fn finish(mut self, size: u64) -> Result<Derived, Failure> {
        let mut from = size;
        while !self.texts.is_explained() {
            let records = self.reader.read(from, RECORDS_MAX).map_err(unreadable)?;
            let Some(last) = records.last() else { break };
            from = last.position + 1;
            for record in &records {
                if let Ok(event) = serde_json::from_slice(&record.bytes) {
                    self.texts.see(&event);
                }
            }
        }
        Ok(Derived { texts_erased: self.texts.finish()?, events_unknown: self.n_unknown })
    }

    /// What an event says to be erased must be gone.
    fn check_erasure(&mut self, position: u64, event: &Event) -> Result<(), Failure> {
        self.texts.see(event);
        let Body::TextsErased { texts, .. } = &event.body else { return Ok(()) };
        let positions = texts.iter().map(|it| it.position).collect();
        let kept = personal::kept(self.reader.as_ref(), positions).map_err(unreadable)?;
        match texts.iter().find(|it| personal::of(&kept, it.position, &it.pointer).is_some()) {
            None => Ok(()),
            Some(TextRef { position: of, pointer }) => Err(wrong(
                position,
                &format!("it says that the text of event {of} at {pointer} was erased, and it is kept"),
            )),
        }
    }

    /// Texts that are kept must be those that the records commit to.
    fn check_texts(&mut self, records: &[Record]) -> Result<(), Failure> {
        let kept = personal::disclosures(self.reader.as_ref(), records).map_err(unreadable)?;
        for record in records {
            let pointers = personal::committed_pointers(record).map_err(unreadable)?;
            if !pointers.is_empty() {
                personal::open(record, &kept).map_err(|it| wrong(record.position, &it.to_string()))?;
            }
            for pointer in pointers {
                if personal::of(&kept, record.position, pointer).is_none() {
                    self.texts.miss(record.position, pointer);
                }
            }
        }
        Ok(())
    }
}

/// The record's event; nothing where it has the form of one, and this version does not know what it means.
fn read(record: &Record) -> Result<Option<Event>, Failure> {
    #[derive(Deserialize)]
    struct Envelope {
        #[serde(rename = "type")]
        _kind: String,
        #[serde(rename = "schema")]
        _schema: String,
    }
    let error = match serde_json::from_slice(&record.bytes) {
        Ok(event) => return Ok(Some(event)),
        Err(error) => error,
    };
    let is_event = serde_json::from_slice::<Envelope>(&record.bytes).is_ok();
    if is_event { Ok(None) } else { Err(wrong(record.position, &format!("it is no event: {error}"))) }
}

pub(super) fn unreadable(error: StoreError) -> Failure {
    Failure::because(&error, NEXT)
}

fn wrong(position: u64, why: &str) -> Failure {
    let message = format!("the ledger is not sound: event {position}: {why}");
    Failure::new(message, format!("shipway ledger show --from {position} --limit 1"))
}
