//! Reading beside the writer: connections of their own, which see what was committed last.

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, Row, ToSql};
use shipway_model::Digest;
use shipway_runtime::Record;
use shipway_runtime::store::{Disclosure, StoreError, StoreReader, StoredAnswer};

use super::{connection, row, shrink, streams};
use crate::archive::Shelf;

/// Connections kept for later; more are opened when more read at once.
const KEPT_MAX: usize = 4;
/// Where texts are asked for of one record in so many, one look at the whole stretch is cheaper than one at each.
const SPARSE: u64 = 4;

#[derive(Debug)]
pub(super) struct Reader {
    path: PathBuf,
    kept: Mutex<Vec<Connection>>,
    shelf: Shelf,
}

impl Reader {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, kept: Mutex::default(), shelf: Shelf::default() }
    }

    fn with<T>(&self, read: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, StoreError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connection::reader(&self.path).map_err(fault)?,
        };
        // A connection that failed is not kept.
        let found = read(&connection).map_err(fault)?;
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT_MAX {
            kept.push(connection);
        }
        Ok(found)
    }

    /// With the bytes of those that are in the archive.
    fn filled(&self, mut records: Vec<Record>) -> Result<Vec<Record>, StoreError> {
        let locate = || self.with(|connection| Ok(shrink::archived(connection)?.map(|it| it.place)));
        self.shelf.fill(&mut records, locate)?;
        Ok(records)
    }

    fn rows<T>(
        &self,
        sql: &str,
        params: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.with(|connection| connection.prepare_cached(sql)?.query_map(params, read)?.collect())
    }
}

impl StoreReader for Reader {
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let (from, limit) = (row::integer(from), row::integer(limit as u64));
        let records = self.rows(include_str!("sql/read_events.sql"), &[&from, &limit], row::record)?;
        self.filled(records)
    }

    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let records = self.with(|connection| streams::read(connection, stream, from, limit))?;
        self.filled(records)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Digest>, StoreError> {
        let (from, limit) = (row::integer(from), row::integer(limit as u64));
        self.rows(include_str!("sql/read_leaves.sql"), &[&from, &limit], |it| row::digest(it, 0))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Digest>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(include_str!("sql/find_node.sql"))?;
            statement.query_row((level, row::integer(index)), |it| row::digest(it, 0)).optional()
        })
    }

    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError> {
        if let (Some(&first), Some(&last)) = (positions.first(), positions.last())
            && last.saturating_sub(first) < positions.len() as u64 * SPARSE
        {
            let stretch: [&dyn ToSql; 2] = [&row::integer(first), &row::integer(last)];
            let mut found = self.rows(include_str!("sql/find_stretch.sql"), &stretch, row::disclosure)?;
            found.retain(|it| positions.binary_search(&it.position).is_ok());
            return Ok(found);
        }
        self.with(|connection| {
            let mut statement = connection.prepare_cached(include_str!("sql/find_disclosures.sql"))?;
            let mut found = Vec::new();
            for position in positions {
                for it in statement.query_map([row::integer(*position)], row::disclosure)? {
                    found.push(it?);
                }
            }
            Ok(found)
        })
    }

    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError> {
        let (from, limit) = (row::integer(from), row::integer(limit as u64));
        self.rows(include_str!("sql/read_disclosures.sql"), &[&from, &limit], row::disclosure)
    }

    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        self.with(|connection| {
            let mut statement = connection.prepare_cached(include_str!("sql/find_answer.sql"))?;
            statement.query_row([key], row::answer).optional()
        })
    }

    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        let (from, limit) = (row::integer(from), row::integer(limit as u64));
        self.rows(include_str!("sql/read_streams.sql"), &[&from, &limit], |it| it.get(0))
    }

    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError> {
        let limit = row::integer(limit as u64);
        self.rows(include_str!("sql/read_answers.sql"), &[&after, &limit], |it| {
            Ok((it.get(4)?, row::answer(it)?))
        })
    }
}

/// What cannot be right as it stands is damage; everything else may pass.
pub(super) fn fault(error: Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Damaged(error.to_string()),
        Some(_) => StoreError::Unavailable(error.to_string()),
        None => StoreError::Damaged(error.to_string()),
    }
}
