//! Reading the ledger back: records to events, each one checked against its hash on the way.

use std::sync::{Arc, mpsc};
use std::thread;

use serde::Deserialize;
use shipway_ledger::{Frontier, leaf_hash};
use shipway_model::Name;
use shipway_model::event::Event;

use crate::open::OpenError;
use crate::personal;
use crate::store::{Disclosure, Record, StoreError, StoreReader};

/// Records read at once. Most are half a kilobyte; those with plans are far larger, and larger still once parsed.
const CHUNK: usize = 512;
/// Chunks that may wait for the next stage, so that each runs ahead of it but not away from it: what is held on the way is
/// memory that the process keeps.
const CHUNKS_AHEAD_MAX: usize = 2;
/// So many records are parsed in less time than threads take to start.
const FEW: u64 = 64;

/// Reads the records from `frontier`'s end up to `size` and hands their events to `apply` in order; answers with the
/// frontier over everything read.
///
/// Of many, reading and hashing run on one thread and parsing on another, beside `apply`; few are not worth a thread.
pub(crate) fn replay(
    reader: &Arc<dyn StoreReader>,
    mut frontier: Frontier,
    size: u64,
    tenant: &Name,
    mut apply: impl FnMut(&[Event]),
) -> Result<Frontier, OpenError> {
    if size.saturating_sub(frontier.size()) <= FEW {
        while frontier.size() < size {
            let piece = read_piece(reader.as_ref(), &mut frontier, size)?;
            apply(&parse_piece(&piece, tenant)?);
        }
        return Ok(frontier);
    }
    let (read, pieces) = mpsc::sync_channel(CHUNKS_AHEAD_MAX);
    let (parsed, events) = mpsc::sync_channel(CHUNKS_AHEAD_MAX);
    // What is done with goes back to the thread that made it: freed by another, it would be under the lock that the maker
    // needs for the next.
    let (give_back_piece, spent_pieces) = mpsc::channel();
    let (give_back_events, spent_events) = mpsc::channel();
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            while frontier.size() < size {
                spent_pieces.try_iter().for_each(drop::<Piece>);
                let piece = read_piece(reader.as_ref(), &mut frontier, size)?;
                if read.send(piece).is_err() {
                    break;
                }
            }
            Ok(frontier)
        });
        let parsing = scope.spawn(move || -> Result<(), OpenError> {
            for piece in pieces {
                spent_events.try_iter().for_each(drop::<Vec<Event>>);
                if parsed.send(parse_piece(&piece, tenant)?).is_err() {
                    break;
                }
                // Whoever has read everything takes nothing back.
                let _ = give_back_piece.send(piece);
            }
            Ok(())
        });
        for events in events {
            apply(&events);
            let _ = give_back_events.send(events);
        }
        // What cannot be parsed lies before whatever could not be read.
        parsing.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Records that are what was recorded, and what is kept beside them.
struct Piece {
    records: Vec<Record>,
    /// In the order of positions.
    disclosures: Vec<Disclosure>,
}

fn read_piece(reader: &dyn StoreReader, frontier: &mut Frontier, size: u64) -> Result<Piece, OpenError> {
    let left = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX);
    let records = reader.read(frontier.size(), CHUNK.min(left))?;
    if records.is_empty() {
        let missing = format!("record {} of {size} is missing", frontier.size());
        return Err(StoreError::Damaged(missing).into());
    }
    for Record { position, bytes, leaf } in &records {
        if *position != frontier.size() {
            let gap = format!("record {} is missing: {position} comes next", frontier.size());
            return Err(StoreError::Damaged(gap).into());
        }
        if leaf_hash(bytes) != *leaf {
            return Err(OpenError::Changed { position: *position });
        }
        frontier.push(*leaf);
    }
    let disclosures = personal::disclosures(reader, &records)?;
    Ok(Piece { records, disclosures })
}

fn parse_piece(piece: &Piece, tenant: &Name) -> Result<Vec<Event>, OpenError> {
    let Piece { records, disclosures } = piece;
    let mut disclosures = &disclosures[..];
    let mut events = Vec::with_capacity(records.len());
    for record in records {
        let n_own = disclosures.iter().take_while(|it| it.position <= record.position).count();
        let (own, later) = disclosures.split_at(n_own);
        events.push(parse_record(record, own, tenant)?);
        disclosures = later;
    }
    Ok(events)
}

fn parse_record(record: &Record, disclosures: &[Disclosure], tenant: &Name) -> Result<Event, OpenError> {
    let position = record.position;
    let mut event = Event::read(&record.bytes).map_err(|error| unreadable(record, &error))?;
    personal::disclose(&mut event, position, disclosures)?;
    if event.tenant != *tenant {
        let (expected, found) = (tenant.clone(), event.tenant);
        return Err(OpenError::OtherTenant { position, expected, found });
    }
    Ok(event)
}

fn unreadable(record: &Record, error: &serde_json::Error) -> OpenError {
    #[derive(Default, Deserialize)]
    struct Kind {
        #[serde(rename = "type")]
        name: String,
    }
    let kind = serde_json::from_slice::<Kind>(&record.bytes).unwrap_or_default().name;
    // Of a kind that is not known, the error goes on with all that are.
    let why = error.to_string().split(", expected one of").next().unwrap_or_default().to_owned();
    OpenError::Unreadable { position: record.position, kind, why }
}
