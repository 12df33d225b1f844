//! Reading the ledger back: records to events, each one checked against its hash on the way.

use std::sync::{Arc, mpsc};
use std::thread;

use shipway_ledger::{Frontier, leaf_hash};
use shipway_model::Name;
use shipway_model::event::Event;

use crate::open::OpenError;
use crate::personal;
use crate::store::{Disclosure, Record, StoreError, StoreReader};

/// Records read at once. Two thousand events are about a megabyte.
const CHUNK: usize = 2048;
/// Chunks that may wait to be applied, so that reading runs ahead of applying but not away from it.
const CHUNKS_AHEAD_MAX: usize = 4;

/// Reads the records from `frontier`'s end up to `size` and hands their events to `apply` in order; answers with the
/// frontier over everything read.
///
/// Reading, hashing and parsing run on a thread of their own beside `apply`.
pub(crate) fn replay(
    reader: &Arc<dyn StoreReader>,
    mut frontier: Frontier,
    size: u64,
    tenant: &Name,
    mut apply: impl FnMut(&[Event]),
) -> Result<Frontier, OpenError> {
    let (sender, receiver) = mpsc::sync_channel(CHUNKS_AHEAD_MAX);
    thread::scope(|scope| {
        let reading = scope.spawn(move || {
            while frontier.size() < size {
                let events = read_chunk(reader.as_ref(), &mut frontier, size, tenant)?;
                if sender.send(events).is_err() {
                    break;
                }
            }
            Ok(frontier)
        });
        for events in receiver {
            apply(&events);
        }
        reading.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn read_chunk(
    reader: &dyn StoreReader,
    frontier: &mut Frontier,
    size: u64,
    tenant: &Name,
) -> Result<Vec<Event>, OpenError> {
    let left = usize::try_from(size - frontier.size()).unwrap_or(usize::MAX);
    let records = reader.read(frontier.size(), CHUNK.min(left))?;
    if records.is_empty() {
        let missing = format!("record {} of {size} is missing", frontier.size());
        return Err(StoreError::Damaged(missing).into());
    }
    let disclosures = personal::disclosures(reader, &records)?;
    records.iter().map(|record| read_record(record, &disclosures, frontier, tenant)).collect()
}

fn read_record(
    record: &Record,
    disclosures: &[Disclosure],
    frontier: &mut Frontier,
    tenant: &Name,
) -> Result<Event, OpenError> {
    let position = record.position;
    if position != frontier.size() {
        let gap = format!("record {} is missing: {position} comes next", frontier.size());
        return Err(StoreError::Damaged(gap).into());
    }
    if leaf_hash(&record.bytes) != record.leaf {
        return Err(OpenError::Changed { position });
    }
    frontier.push(record.leaf);
    let mut event = parse(&record.bytes).map_err(|source| OpenError::Unreadable { position, source })?;
    personal::disclose(&mut event, position, disclosures)?;
    if event.tenant != *tenant {
        let (expected, found) = (tenant.clone(), event.tenant);
        return Err(OpenError::OtherTenant { position, expected, found });
    }
    Ok(event)
}

pub(crate) fn parse(bytes: &[u8]) -> Result<Event, serde_json::Error> {
    serde_json::from_slice(bytes)
}
