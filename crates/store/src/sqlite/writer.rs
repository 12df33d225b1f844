//! The writing half: one transaction per batch.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use shipway_runtime::store::{
    AppendError, Batch, EffectChange, EffectRow, Loaded, Store, StoreError, StoreReader, StoredHead,
};

use super::lock::Lock;
use super::open::{OpenError, Schema, prepare};
use super::reader::{Reader, fault};
use super::streams::Tail;
use super::{connection, row};

/// A ledger in an SQLite file.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Connection,
    reader: Arc<Reader>,
    tail: Tail,
    pages_max: Option<u32>,
    // Dropped last: the file is closed before somebody else may open it.
    _lock: Lock,
}

impl SqliteStore {
    /// Opens the ledger in the file `path`, or makes one when there is no such file. The folder must exist.
    ///
    /// # Errors
    /// Refuses a file that another store has open (also in this process), that a newer version has written, or that
    /// is something else.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let lock = Lock::take(&path)?;
        let failed = |source| OpenError::Sqlite { path: path.clone(), source };
        let mut connection = connection::writer(&path).map_err(failed)?;
        match prepare(&mut connection).map_err(failed)? {
            Schema::Ready => {
                let reader = Arc::new(Reader::new(path.clone()));
                let tail = Tail::load(&connection).map_err(failed)?;
                Ok(Self { path, connection, reader, tail, pages_max: None, _lock: lock })
            }
            Schema::NotALedger | Schema::Older(_) | Schema::Empty => Err(OpenError::NotALedger { path }),
            Schema::Newer(found) => Err(OpenError::Newer { path, found }),
        }
    }

    /// Lets the file grow to this many pages of 4 KiB at most; batches beyond that are refused as on a full disk.
    /// A file that is larger already stays as large as it is.
    pub fn limit_pages(&mut self, pages_max: u32) -> Result<(), StoreError> {
        self.pages_max = Some(pages_max);
        set_pages_max(&self.connection, pages_max).map_err(fault)
    }

    /// After a failure that the connection did not get over by itself, starts with a new one.
    fn recover(&mut self) {
        if self.connection.is_autocommit() {
            return;
        }
        let renewed = connection::writer(&self.path).and_then(|connection| {
            self.pages_max.map_or(Ok(()), |it| set_pages_max(&connection, it)).map(|()| connection)
        });
        // Otherwise the next append fails in the old one and tries again.
        if let Ok(connection) = renewed {
            self.connection = connection;
        }
    }
}

impl Store for SqliteStore {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        load(&mut self.connection, include_str!("sql/load_effects.sql")).map_err(fault)
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        match append(&mut self.connection, batch, &self.tail) {
            Ok(true) => {
                if self.tail.is_full() {
                    self.tail = Tail::default();
                }
                for (stream, record) in &batch.records {
                    self.tail.push(stream, record.position);
                }
                Ok(())
            }
            Ok(false) => Err(AppendError::Stale),
            Err(error) => {
                self.recover();
                Err(AppendError::Unavailable(error.to_string()))
            }
        }
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.reader.clone()
    }

    /// By its lock.
    fn is_exclusive(&self) -> bool {
        true
    }
}

fn set_pages_max(connection: &Connection, pages_max: u32) -> rusqlite::Result<()> {
    connection.pragma_update_and_check(None, "max_page_count", pages_max, |_| Ok(()))
}

pub(super) fn load(connection: &mut Connection, effects: &str) -> rusqlite::Result<Loaded> {
    // One transaction: the head and the effects belong together.
    let transaction = connection.transaction()?;
    let effects: rusqlite::Result<Vec<EffectRow>> =
        transaction.prepare_cached(effects)?.query_map([], row::effect)?.collect();
    let effects = effects?;
    transaction.query_row(include_str!("sql/load_head.sql"), [], |it| {
        let (revision, size) = (row::unsigned(it, 0)?, row::unsigned(it, 1)?);
        let head = StoredHead { revision, size, frontier: it.get(2)?, checkpoint: it.get(3)? };
        Ok(Loaded { head, effects })
    })
}

/// False when the store has moved on from the batch's revision; nothing is written then or on an error.
fn append(connection: &mut Connection, batch: &Batch, tail: &Tail) -> rusqlite::Result<bool> {
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let moved = transaction.prepare_cached(include_str!("sql/move_head.sql"))?.execute((
        row::integer(batch.revision),
        row::integer(batch.size),
        &batch.frontier,
        &batch.checkpoint,
        &batch.base,
    ))?;
    if moved == 0 {
        return Ok(false);
    }
    if tail.is_full() {
        tail.write(&transaction, batch.size - batch.records.len() as u64)?;
    }
    insert_events(&transaction, batch)?;
    keep_disclosures(&transaction, batch)?;
    change_effects(&transaction, &batch.effects)?;
    put_answers(&transaction, batch)?;
    transaction.commit()?;
    if !batch.erased.is_empty() {
        connection.pragma_update(None, "secure_delete", "OFF")?;
        forget_log(connection)?;
    }
    Ok(true)
}

/// Moves the write-ahead log into the file and empties it: it still has the pages as they were before. A reader that is
/// at work may keep it; it is emptied later then, as it always is in time.
fn forget_log(connection: &Connection) -> rusqlite::Result<()> {
    connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

fn insert_events(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    let mut event = transaction.prepare_cached(include_str!("sql/insert_event.sql"))?;
    for (stream, record) in &batch.records {
        event.execute((row::integer(record.position), stream, &*record.bytes, record.leaf.as_bytes()))?;
    }
    let mut node = transaction.prepare_cached(include_str!("sql/insert_node.sql"))?;
    for it in &batch.nodes {
        node.execute((it.level, row::integer(it.index), it.hash.as_bytes()))?;
    }
    Ok(())
}

/// What is deleted is overwritten: nobody reads it from the disk's free pages.
fn keep_disclosures(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if !batch.disclosures.is_empty() {
        let mut put = transaction.prepare_cached(include_str!("sql/put_disclosure.sql"))?;
        for it in &batch.disclosures {
            put.execute((row::integer(it.position), &it.pointer, it.salt, &it.text))?;
        }
    }
    if batch.erased.is_empty() {
        return Ok(());
    }
    transaction.pragma_update(None, "secure_delete", "ON")?;
    let mut remove = transaction.prepare_cached(include_str!("sql/remove_disclosure.sql"))?;
    for it in &batch.erased {
        remove.execute((row::integer(it.position), &it.pointer))?;
    }
    Ok(())
}

fn change_effects(transaction: &Transaction<'_>, changes: &[EffectChange]) -> rusqlite::Result<()> {
    let millis = |at: &Option<Timestamp>| at.map(Timestamp::as_millisecond);
    for change in changes {
        match change {
            EffectChange::Put(EffectRow { effect, generation, leased_until, holder }) => {
                let body = serde_json::to_vec(effect).expect("effects have string keys and write to memory");
                let mut put = transaction.prepare_cached(include_str!("sql/put_effect.sql"))?;
                put.execute((effect.key.to_string(), body, generation, millis(leased_until), holder))?;
            }
            EffectChange::Lease { key, generation, leased_until, holder } => {
                let mut lease = transaction.prepare_cached(include_str!("sql/lease_effect.sql"))?;
                lease.execute((key.to_string(), generation, millis(leased_until), holder))?;
            }
            EffectChange::Remove(key) => {
                let mut remove = transaction.prepare_cached(include_str!("sql/remove_effect.sql"))?;
                remove.execute([key.to_string()])?;
            }
        }
    }
    Ok(())
}

fn put_answers(transaction: &Transaction<'_>, batch: &Batch) -> rusqlite::Result<()> {
    if let Some(before) = batch.forget_answers_before {
        let mut forget = transaction.prepare_cached(include_str!("sql/forget_answers.sql"))?;
        forget.execute([before.as_millisecond()])?;
    }
    for (key, answer) in &batch.answers {
        let mut put = transaction.prepare_cached(include_str!("sql/put_answer.sql"))?;
        put.execute((
            key,
            answer.request.as_bytes(),
            row::integer(answer.first),
            row::integer(answer.last),
            answer.at.as_millisecond(),
        ))?;
    }
    Ok(())
}
