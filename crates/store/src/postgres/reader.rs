//! Reading beside the writer: single statements, which see what was committed last.

use shipway_model::Digest;
use shipway_runtime::Record;
use shipway_runtime::store::{Disclosure, StoreError, StoreReader, StoredAnswer};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::line::Lines;
use super::{row, shrink};
use crate::archive::Shelf;

pub(super) struct Reader {
    lines: Lines,
    shelf: Shelf,
}

type Values = Vec<Box<dyn ToSql + Sync + Send>>;

impl Reader {
    pub(super) fn new(lines: Lines) -> Self {
        Self { lines, shelf: Shelf::default() }
    }

    /// With the bytes of those that are in the archive.
    fn filled(&self, mut records: Vec<Record>) -> Result<Vec<Record>, StoreError> {
        let locate = || {
            let archived = self.lines.call(|session| async move { shrink::archived(&session).await });
            Ok(archived?.map(|it| it.place))
        };
        self.shelf.fill(&mut records, locate)?;
        Ok(records)
    }

    fn rows<T: Send + 'static>(
        &self,
        sql: &'static str,
        values: Values,
        read: fn(&Row) -> Result<T, Fault>,
    ) -> Result<Vec<T>, StoreError> {
        let found = self.lines.call(move |session| async move {
            let values: Vec<_> = values.iter().map(|it| &**it as &(dyn ToSql + Sync)).collect();
            session.rows(sql, &values).await?.iter().map(read).collect()
        });
        Ok(found?)
    }
}

impl StoreReader for Reader {
    fn read(&self, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let values: Values = vec![Box::new(row::integer(from)), Box::new(row::integer(limit as u64))];
        self.filled(self.rows(include_str!("sql/read_events.sql"), values, row::record)?)
    }

    fn read_stream(&self, stream: &str, from: u64, limit: usize) -> Result<Vec<Record>, StoreError> {
        let (stream, from, limit) = (stream.to_owned(), row::integer(from), row::integer(limit as u64));
        let values: Values = vec![Box::new(stream), Box::new(from), Box::new(limit)];
        self.filled(self.rows(include_str!("sql/read_stream.sql"), values, row::record)?)
    }

    fn leaves(&self, from: u64, limit: usize) -> Result<Vec<Digest>, StoreError> {
        let values: Values = vec![Box::new(row::integer(from)), Box::new(row::integer(limit as u64))];
        self.rows(include_str!("sql/read_leaves.sql"), values, |it| row::digest(it, 0))
    }

    fn node(&self, level: u32, index: u64) -> Result<Option<Digest>, StoreError> {
        let values: Values = vec![Box::new(level.cast_signed()), Box::new(row::integer(index))];
        let found = self.rows(include_str!("sql/find_node.sql"), values, |it| row::digest(it, 0))?;
        Ok(found.into_iter().next())
    }

    fn disclosures(&self, positions: &[u64]) -> Result<Vec<Disclosure>, StoreError> {
        let positions: Vec<_> = positions.iter().map(|it| row::integer(*it)).collect();
        let values: Values = vec![Box::new(positions)];
        self.rows(include_str!("sql/find_disclosures.sql"), values, row::disclosure)
    }

    fn disclosures_from(&self, from: u64, limit: usize) -> Result<Vec<Disclosure>, StoreError> {
        let values: Values = vec![Box::new(row::integer(from)), Box::new(row::integer(limit as u64))];
        self.rows(include_str!("sql/read_disclosures.sql"), values, row::disclosure)
    }

    fn answer(&self, key: &str) -> Result<Option<StoredAnswer>, StoreError> {
        let values: Values = vec![Box::new(key.to_owned())];
        let found = self.rows(include_str!("sql/find_answer.sql"), values, row::answer)?;
        Ok(found.into_iter().next())
    }

    fn streams(&self, from: u64, limit: usize) -> Result<Vec<String>, StoreError> {
        let values: Values = vec![Box::new(row::integer(from)), Box::new(row::integer(limit as u64))];
        self.rows(include_str!("sql/read_streams.sql"), values, |it| row::get(it, 0))
    }

    fn answers(&self, after: &str, limit: usize) -> Result<Vec<(String, StoredAnswer)>, StoreError> {
        let values: Values = vec![Box::new(after.to_owned()), Box::new(row::integer(limit as u64))];
        let read = |it: &Row| Ok((row::get(it, 4)?, row::answer(it)?));
        self.rows(include_str!("sql/read_answers.sql"), values, read)
    }
}
