//! Which events belong to a stream: an index in chunks, and the tail of events that it does not have yet.

use std::collections::BTreeMap;

use rusqlite::{Connection, Transaction};
use shipway_runtime::Record;

use super::row;

/// Events in the tail after which it is written into the index. Reading a stream looks at all of the tail, which takes
/// about a millisecond.
const TAIL_MAX: usize = 4096;

/// The newest events' streams, kept by the writer until they are indexed.
#[derive(Debug, Default)]
pub(super) struct Tail {
    positions: BTreeMap<String, Vec<u64>>,
    n_events: usize,
}

impl Tail {
    /// Reads what is not indexed.
    pub(super) fn load(connection: &Connection) -> rusqlite::Result<Self> {
        let indexed_to = indexed_to(connection)?;
        let mut tail = Self::default();
        let mut statement = connection.prepare_cached(include_str!("sql/read_tail.sql"))?;
        let mut rows = statement.query([indexed_to])?;
        while let Some(it) = rows.next()? {
            tail.push(it.get_ref(0)?.as_str()?, row::unsigned(it, 1)?);
        }
        Ok(tail)
    }

    pub(super) fn is_full(&self) -> bool {
        self.n_events >= TAIL_MAX
    }

    pub(super) fn push(&mut self, stream: &str, position: u64) {
        self.n_events += 1;
        match self.positions.get_mut(stream) {
            Some(positions) => positions.push(position),
            None => drop(self.positions.insert(stream.to_owned(), vec![position])),
        }
    }

    /// Writes the tail into the index; all events before `end` are indexed then.
    pub(super) fn write(&self, transaction: &Transaction<'_>, end: u64) -> rusqlite::Result<()> {
        let mut insert = transaction.prepare_cached(include_str!("sql/insert_chunk.sql"))?;
        for (stream, positions) in &self.positions {
            let (Some(&first), Some(&last)) = (positions.first(), positions.last()) else { continue };
            insert.execute((stream, row::integer(first), row::integer(last), offsets(first, positions)))?;
        }
        transaction
            .prepare_cached(include_str!("sql/set_indexed_to.sql"))?
            .execute([row::integer(end)])
            .map(|_| ())
    }
}

/// At most `limit` records of a stream from position `from` on.
pub(super) fn read(
    connection: &Connection,
    stream: &str,
    from: u64,
    limit: usize,
) -> rusqlite::Result<Vec<Record>> {
    // One transaction: the index must not grow between looking there and looking at the tail.
    let transaction = connection.unchecked_transaction()?;
    let mut records = Vec::new();
    let mut event = transaction.prepare_cached(include_str!("sql/read_event.sql"))?;
    for position in indexed(&transaction, stream, from, limit)? {
        records.push(event.query_row([row::integer(position)], row::record)?);
    }
    let from = row::integer(from).max(indexed_to(&transaction)?);
    let left = row::integer((limit - records.len()) as u64);
    let mut tail = transaction.prepare_cached(include_str!("sql/scan_stream.sql"))?;
    for record in tail.query_map((stream, from, left), row::record)? {
        records.push(record?);
    }
    Ok(records)
}

/// At most `limit` positions of a stream's indexed events from `from` on.
fn indexed(connection: &Connection, stream: &str, from: u64, limit: usize) -> rusqlite::Result<Vec<u64>> {
    let mut statement = connection.prepare_cached(include_str!("sql/find_chunks.sql"))?;
    let mut chunks = statement.query((stream, row::integer(from)))?;
    let mut found = Vec::new();
    while found.len() < limit
        && let Some(chunk) = chunks.next()?
    {
        let positions = positions(row::unsigned(chunk, 0)?, chunk.get_ref(1)?.as_blob()?);
        found.extend(positions.filter(|it| *it >= from).take(limit - found.len()));
    }
    Ok(found)
}

fn indexed_to(connection: &Connection) -> rusqlite::Result<i64> {
    connection.prepare_cached(include_str!("sql/find_indexed_to.sql"))?.query_row([], |it| it.get(0))
}

/// A chunk spans little more than [`TAIL_MAX`] events, so an offset fits 4 bytes by far.
fn offsets(first: u64, positions: &[u64]) -> Vec<u8> {
    positions.iter().flat_map(|it| ((it - first) as u32).to_le_bytes()).collect()
}

fn positions(first: u64, offsets: &[u8]) -> impl Iterator<Item = u64> {
    let (offsets, _) = offsets.as_chunks();
    offsets.iter().map(move |it| first + u64::from(u32::from_le_bytes(*it)))
}
