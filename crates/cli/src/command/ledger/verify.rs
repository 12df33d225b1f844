//! `shipway ledger verify`

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use serde::Serialize;
use shipway_api::client::Client;
use shipway_api::operations::ledger::{LedgerQuery, ListLedgerEvents, ShowLedgerHead};
use shipway_api::view::ledger::{LedgerEvent, LedgerHead, PersonalText};
use shipway_ledger::{Checkpoint, Report, Verifier, VerifierKey, to_canonical};
use shipway_model::Digest;
use shipway_runtime::RECORDS_MAX;
use shipway_runtime::store::UNFINISHED;

use super::audit::{Audit, Derived, Place, unreadable};
use super::texts::Texts;
use crate::connection::{connect, only_now};
use crate::failure::{Failure, Outcome};
use crate::output::OutputArgs;
use crate::settings::ConnectionArgs;

/// Check that nothing in the ledger was changed, removed, added or put in another order
///
/// Every event is hashed again, and the root over all of them compared with the signed checkpoint. Over a server, or
/// with --data or --store where the ledger is kept, which is only read; there, what is derived from the events is
/// checked too: the names of their streams, and the hashes that are kept for proofs. Events in an archive are read from there.
/// Personal texts that are missing are compared with the erasures that the ledger tells of.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  shipway ledger verify
  shipway ledger verify --key ledger.pub
  shipway ledger verify --key ledger.pub --checkpoint june.json --checkpoint july.json
  shipway ledger verify --data ./shipway-data -o json
  shipway ledger verify --store postgres://shipway@db.example/shipway --key ledger.pub")]
pub(crate) struct Verify {
    /// The control plane's data folder, or its ledger file
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// The database that the control planes keep the ledger in, which is read directly
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    store: Option<String>,
    /// A file with the public key that must have signed; with --data, the one found there
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// A checkpoint kept from before, as `shipway ledger head` showed it: history up to it must be the same. Repeatable
    #[arg(long, value_name = "FILE")]
    checkpoint: Vec<PathBuf>,
    #[command(flatten)]
    output: OutputArgs,
}

/// What `-o json` shows.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Sound {
    size: u64,
    root: Digest,
    /// Whose signature was checked; none when no key was given.
    signed_by: Option<String>,
    /// How many checkpoints kept from before it agrees with.
    checkpoints_kept: usize,
    /// Personal texts that are gone, each with an event that says that it was erased.
    texts_erased: u64,
    /// Events of a newer version: they are sound, and what is derived from them was not compared.
    events_unknown: u64,
}

impl Verify {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        let why = "the whole ledger is compared with its checkpoint";
        only_now(connection, why, "shipway ledger verify --checkpoint FILE")?;
        let key = self.key.as_deref().map(read_key).transpose()?;
        let sound = match &self.data {
            Some(data) => offline(&Place::Folder(data), key, &self.checkpoint)?,
            None if self.store.is_some() => {
                let address = self.store.as_deref().unwrap_or_default();
                offline(&Place::Database(address), key, &self.checkpoint)?
            }
            None => online(&connect(connection)?, key, &self.checkpoint).await?,
        };
        self.output.show(&sound, |paint| {
            let signature = match &sound.signed_by {
                Some(name) => format!("signed by {name}"),
                None => paint.warn("the signature was not checked: give --key FILE"),
            };
            let kept = match sound.checkpoints_kept {
                0 => String::new(),
                n => format!("agrees with {n} checkpoint(s) kept from before\n"),
            };
            let erased = match sound.texts_erased {
                0 => String::new(),
                n => format!("{n} personal text(s) are missing, and erasures account for all of them\n"),
            };
            let unknown = match sound.events_unknown {
                0 => String::new(),
                n => format!(
                    "{n} event(s) are from a newer version of Shipway: what is derived from them was not compared\n"
                ),
            };
            let (sound_word, Sound { size, root, .. }) = (paint.good("sound"), &sound);
            format!("{sound_word}: {size} events, root {root}\n{signature}\n{kept}{erased}{unknown}")
        })
    }
}

async fn online(client: &Client, key: Option<VerifierKey>, kept: &[PathBuf]) -> Result<Sound, Failure> {
    let mut promised = kept_checkpoints(kept, key.as_ref())?;
    let head = client.call::<ShowLedgerHead>((), (), ()).await?.value;
    promised.push(key.as_ref().map_or_else(|| said(&head), |key| signed(&head.checkpoint, key))?);
    let mut verifier = Verifier::new(promised).map_err(unsound)?;
    let mut texts = Texts::default();
    let mut from = 0;
    // Beyond the head, newer events may say that a text was erased meanwhile.
    while from < head.size || !texts.is_explained() {
        let query = LedgerQuery { from: Some(from), limit: Some(shipway_api::page::LIMIT_MAX) };
        let page = client.call::<ListLedgerEvents>((), query, ()).await?.value;
        if page.items.is_empty() {
            break;
        }
        for entry in page.items {
            from = entry.position + 1;
            note_texts(&mut texts, &entry, head.size);
            if entry.position >= head.size {
                continue;
            }
            let bytes =
                to_canonical(&entry.event).map_err(|error| unsound_at(entry.position, &error.to_string()))?;
            verifier.feed(entry.position, &bytes, entry.leaf).map_err(unsound)?;
        }
    }
    let report = verifier.finish().map_err(unsound)?;
    let derived = Derived { texts_erased: texts.finish()?, events_unknown: 0 };
    Ok(sound(report, key, kept.len(), &derived))
}

/// What an event says to be erased, and which of its own texts are, below `size`.
fn note_texts(texts: &mut Texts, entry: &LedgerEvent, size: u64) {
    if entry.event["type"] == "texts.erased"
        && let Ok(event) = serde_json::from_value(entry.event.clone())
    {
        texts.see(&event);
    }
    if entry.position < size {
        let erased = entry.personal.iter().filter(|it| *it.1 == PersonalText::Erased {});
        erased.for_each(|(pointer, _)| texts.miss(entry.position, pointer));
    }
}

fn offline(place: &Place<'_>, key: Option<VerifierKey>, kept: &[PathBuf]) -> Result<Sound, Failure> {
    let (loaded, reader, beside) = place.look()?;
    let key = match (key, beside) {
        (None, Some(beside)) => Some(read_key(&beside)?),
        (key, _) => key,
    };
    let (head, mut promised) = (loaded.head, kept_checkpoints(kept, key.as_ref())?);
    if head.checkpoint == UNFINISHED {
        let message = "the ledger is not whole: it was being copied or restored, and that was not finished";
        return Err(Failure::new(message, "shipway store --help"));
    }
    // A ledger that nobody has written to yet has no checkpoint; one that has lost its events still has it.
    if let Some(key) = key.as_ref().filter(|_| head.size > 0 || !head.checkpoint.is_empty()) {
        promised.push(signed(&head.checkpoint, key)?);
    }
    let beyond = promised.iter().map(|it| it.size).filter(|it| *it > head.size).max();
    promised.retain(|it| it.size <= head.size);
    let agrees_to = promised.iter().map(|it| it.size).max().unwrap_or(0);
    let mut verifier = Verifier::new(promised).map_err(unsound)?;
    let mut audit = Audit::new(reader.clone());
    let mut from = 0;
    while from < head.size {
        let limit = RECORDS_MAX.min(usize::try_from(head.size - from).unwrap_or(usize::MAX));
        let records = reader.read(from, limit).map_err(unreadable)?;
        let Some(last) = records.last() else { break };
        for record in &records {
            verifier.feed(record.position, &record.bytes, record.leaf).map_err(unsound)?;
        }
        audit.check(from, &records)?;
        from = last.position + 1;
    }
    let report = verifier.finish().map_err(unsound)?;
    if report.size != head.size {
        let message =
            format!("the ledger is not sound: {} events are there, {} were kept", report.size, head.size);
        return Err(Failure::new(message, "shipway ledger head"));
    }
    if let Some(beyond) = beyond {
        let message = format!(
            "the ledger ends too early: a checkpoint signs for {beyond} events, and {} are there",
            head.size
        );
        return Err(Failure::new(message, "shipway ledger head").with_hint(format!(
            "up to event {agrees_to} it agrees with what was signed; the {} after its end are missing, as after the \
             restore of a backup that is older than the checkpoint",
            beyond - head.size
        )));
    }
    Ok(sound(report, key, kept.len(), &audit.finish(head.size)?))
}

/// Checkpoints from files: the signed note itself, or what `shipway ledger head` shows, as JSON too.
fn kept_checkpoints(files: &[PathBuf], key: Option<&VerifierKey>) -> Result<Vec<Checkpoint>, Failure> {
    files.iter().map(|file| kept_checkpoint(file, key)).collect()
}

fn kept_checkpoint(file: &Path, key: Option<&VerifierKey>) -> Result<Checkpoint, Failure> {
    let next = "shipway ledger verify --key FILE --checkpoint FILE";
    let Some(key) = key else {
        return Err(Failure::new("a checkpoint is believed by its signature, and no key was given", next)
            .with_hint("the public key is `checkpoint.pub` in the control plane's data folder"));
    };
    let text = fs::read_to_string(file)
        .map_err(|error| Failure::new(format!("{} cannot be read: {error}", file.display()), next))?;
    let note = match serde_json::from_str::<LedgerHead>(&text) {
        Ok(head) => head.checkpoint,
        // Size and root stand before the note, for people, with an empty line between.
        Err(_) if text.starts_with("size ") => {
            text.split_once("\n\n").map(|(_, note)| note.to_owned()).unwrap_or_default()
        }
        Err(_) => text,
    };
    signed(&note, key)
}

/// What the records must add up to.
fn signed(note: &str, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    Checkpoint::verify(note, key).map_err(|error| {
        Failure::because(&error, "shipway ledger head").with_hint("the checkpoint was not signed by this key")
    })
}

/// What the control plane says that they add up to, for want of a key.
fn said(head: &LedgerHead) -> Result<Checkpoint, Failure> {
    let origin = head.checkpoint.lines().next().unwrap_or_default();
    let origin = origin.parse().map_err(|error| Failure::because(&error, "shipway ledger head"))?;
    Ok(Checkpoint { origin, size: head.size, root: head.root })
}

fn sound(report: Report, key: Option<VerifierKey>, checkpoints_kept: usize, derived: &Derived) -> Sound {
    let (Report { size, root, .. }, signed_by) = (report, key.map(|it| it.name().to_string()));
    let Derived { texts_erased, events_unknown } = *derived;
    Sound { size, root, signed_by, checkpoints_kept, texts_erased, events_unknown }
}

fn unsound(fault: shipway_ledger::Fault) -> Failure {
    let next = match fault.position() {
        Some(position) => format!("shipway ledger show --from {position} --limit 1"),
        None => "shipway ledger head".to_owned(),
    };
    Failure::new(format!("the ledger is not sound: {fault}"), next)
}

fn unsound_at(position: u64, why: &str) -> Failure {
    let message = format!("the ledger is not sound: event {position} has no canonical form: {why}");
    Failure::new(message, format!("shipway ledger show --from {position} --limit 1"))
}

fn read_key(path: &Path) -> Result<VerifierKey, Failure> {
    let next = format!("cat {}", path.display());
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::new(format!("the key {} cannot be read: {error}", path.display()), next.clone())
    })?;
    text.trim().parse().map_err(|error| Failure::because(&error, next))
}
