//! Dropping from a ledger's file what is in an archive, also beside a control plane that has it open.

use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension as _};
use shipway_runtime::StoreError;

use super::lock::Lock;
use super::open::{OpenError, Schema, look, prepare};
use super::reader::fault;
use super::{connection, row};
use crate::archive::{Archived, Shrink};

/// A ledger's file that gets smaller.
#[derive(Debug)]
pub struct SqliteShrink {
    path: PathBuf,
    connection: Connection,
    /// Held when no control plane has the file open.
    lock: Option<Lock>,
}

impl SqliteShrink {
    /// Opens the ledger in the file `path`, which must be there. A control plane may be at work on it.
    ///
    /// # Errors
    /// As [`super::SqliteStore::open`], but for the lock: an older control plane that has the file open is refused, because
    /// it would not find what has been archived.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let path = path.to_owned();
        let failed = |source| OpenError::Sqlite { path: path.clone(), source };
        // Looked at first: to open a file to write is to make it.
        drop(connection::reader(&path).map_err(failed)?);
        let lock = match Lock::take(&path) {
            Ok(lock) => Some(lock),
            Err(OpenError::Locked { .. }) => None,
            Err(error) => return Err(error),
        };
        let mut connection = connection::writer(&path).map_err(failed)?;
        let schema = if lock.is_some() { prepare(&mut connection) } else { look(&connection) };
        match schema.map_err(failed)? {
            Schema::Ready => Ok(Self { path, connection, lock }),
            Schema::Older(found) => Err(OpenError::Older { path, found }),
            Schema::Empty | Schema::NotALedger => Err(OpenError::NotALedger { path }),
            Schema::Newer(found) => Err(OpenError::Newer { path, found }),
        }
    }

    /// Whether no control plane has the file open, nor can while this lives.
    pub fn is_alone(&self) -> bool {
        self.lock.is_some()
    }

    /// Gives the disk back what has been dropped, when nobody else has the file open; otherwise new events fill it.
    /// Answers with the file's size in bytes.
    ///
    /// # Errors
    /// For want of room: the file is written anew beside the old one.
    pub fn compact(&mut self) -> Result<u64, StoreError> {
        if self.is_alone() {
            self.connection.execute_batch("VACUUM").map_err(fault)?;
            let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
            self.connection.query_row(truncate, [], |_| Ok(())).map_err(fault)?;
        }
        let size = fs::metadata(&self.path).map(|it| it.len());
        size.map_err(|error| StoreError::Unavailable(error.to_string()))
    }
}

impl Shrink for SqliteShrink {
    fn archived(&mut self) -> Result<Option<Archived>, StoreError> {
        archived(&self.connection).map_err(fault)
    }

    fn point_to(&mut self, archived: &Archived) -> Result<(), StoreError> {
        let values = (row::integer(archived.size), &archived.place);
        self.connection.execute(include_str!("sql/point_to_archive.sql"), values).map(drop).map_err(fault)
    }

    fn first_kept(&mut self, from: u64, to: u64) -> Result<Option<u64>, StoreError> {
        let values = (row::integer(from), row::integer(to));
        let mut first = self.connection.prepare_cached(include_str!("sql/first_kept.sql")).map_err(fault)?;
        first.query_row(values, |it| row::unsigned(it, 0)).optional().map_err(fault)
    }

    fn drop_bytes(&mut self, from: u64, to: u64) -> Result<(), StoreError> {
        let values = (row::integer(from), row::integer(to));
        self.connection.execute(include_str!("sql/drop_bytes.sql"), values).map(drop).map_err(fault)
    }
}

pub(super) fn archived(connection: &Connection) -> rusqlite::Result<Option<Archived>> {
    let read = |it: &rusqlite::Row<'_>| Ok(Archived { size: row::unsigned(it, 0)?, place: it.get(1)? });
    connection.query_row(include_str!("sql/find_archive.sql"), [], read).optional()
}
