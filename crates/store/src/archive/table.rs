//! Events as a Parquet file, one row each.
//!
//! | column | Parquet type | content |
//! |---|---|---|
//! | `position` | INT64 | from 0 |
//! | `at` | INT64, timestamp in microseconds, UTC | when |
//! | `type` | string | for example `rollout.started` |
//! | `actor` | string | who, or a commitment to who |
//! | `leaf` | string | `sha256:` and the leaf's hash |
//! | `event` | string | the record, byte for byte |

use std::sync::Arc;

use bytes::Bytes;
use jiff::Timestamp;
use parquet::basic::{Compression, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::file::writer::SerializedFileWriter;
use parquet::record::RowAccessor as _;
use parquet::schema::parser::parse_message_type;
use serde::Deserialize;
use shipway_model::Digest;

const SCHEMA: &str = "message event {
    required int64 position;
    required int64 at (TIMESTAMP(MICROS, true));
    required binary type (STRING);
    required binary actor (STRING);
    required binary leaf (STRING);
    required binary event (STRING);
}";

/// Rows in one group: about 20 MB of events, which a reader may skip as a whole by position or time.
const GROUP_ROWS: usize = 1 << 16;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub position: u64,
    pub leaf: Digest,
    /// In canonical JSON.
    pub record: Arc<[u8]>,
}

/// Why a table cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum TableError {
    #[error("the file is not such a table: {0}")]
    Parquet(#[from] ParquetError),
    #[error("event {position} has not the form of one: {reason}")]
    Event { position: u64, reason: String },
}

/// Writes rows to a file in memory.
pub struct TableWriter {
    writer: SerializedFileWriter<Vec<u8>>,
    rows: Vec<Row>,
    newest: Timestamp,
}

/// What stands in columns of its own.
#[derive(Deserialize)]
struct Envelope {
    at: Timestamp,
    r#type: String,
    actor: String,
}

impl TableWriter {
    /// # Errors
    /// When the file cannot be begun.
    pub fn new() -> Result<Self, TableError> {
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let compression = Compression::ZSTD(ZstdLevel::default());
        let properties = WriterProperties::builder().set_compression(compression).build();
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties))?;
        Ok(Self { writer, rows: Vec::new(), newest: Timestamp::MIN })
    }

    /// # Errors
    /// When a row is no event.
    pub fn push(&mut self, row: Row) -> Result<(), TableError> {
        self.rows.push(row);
        if self.rows.len() == GROUP_ROWS { self.write_group() } else { Ok(()) }
    }

    /// The file, and when the newest event in it was recorded.
    ///
    /// # Errors
    /// When a row is no event.
    pub fn finish(mut self) -> Result<(Vec<u8>, Timestamp), TableError> {
        if !self.rows.is_empty() {
            self.write_group()?;
        }
        Ok((self.writer.into_inner()?, self.newest))
    }

    fn write_group(&mut self) -> Result<(), TableError> {
        let rows = std::mem::take(&mut self.rows);
        let envelopes = rows.iter().map(envelope).collect::<Result<Vec<_>, _>>()?;
        self.newest = envelopes.iter().map(|it| it.at).fold(self.newest, Timestamp::max);
        let positions: Vec<i64> = rows.iter().map(|it| it.position.cast_signed()).collect();
        let times: Vec<i64> = envelopes.iter().map(|it| it.at.as_microsecond()).collect();
        let texts: [Vec<ByteArray>; 4] = [
            envelopes.iter().map(|it| it.r#type.as_str().into()).collect(),
            envelopes.iter().map(|it| it.actor.as_str().into()).collect(),
            rows.iter().map(|it| it.leaf.to_string().as_str().into()).collect(),
            rows.iter().map(|it| it.record.to_vec().into()).collect(),
        ];
        let mut group = self.writer.next_row_group()?;
        for numbers in [&positions, &times] {
            if let Some(mut column) = group.next_column()? {
                column.typed::<Int64Type>().write_batch(numbers, None, None)?;
                column.close()?;
            }
        }
        for text in &texts {
            if let Some(mut column) = group.next_column()? {
                column.typed::<ByteArrayType>().write_batch(text, None, None)?;
                column.close()?;
            }
        }
        group.close()?;
        Ok(())
    }
}

fn envelope(row: &Row) -> Result<Envelope, TableError> {
    let invalid =
        |error: serde_json::Error| TableError::Event { position: row.position, reason: error.to_string() };
    serde_json::from_slice(&row.record).map_err(invalid)
}

/// Hands the rows of a table to `take`, in their order, until that fails.
///
/// # Errors
/// When the file is no such table, or a column says something else than the event, and those of `take`.
pub fn read_table<E: From<TableError>>(
    file: Bytes,
    mut take: impl FnMut(Row) -> Result<(), E>,
) -> Result<(), E> {
    let reader = SerializedFileReader::new(file).map_err(TableError::from)?;
    for row in reader.get_row_iter(None).map_err(TableError::from)? {
        let row = row.map_err(TableError::from)?;
        take(read_row(&row)?)?;
    }
    Ok(())
}

fn read_row(row: &parquet::record::Row) -> Result<Row, TableError> {
    let position = row.get_long(0)?.cast_unsigned();
    let invalid = |reason: &str| TableError::Event { position, reason: reason.to_owned() };
    let leaf = row.get_string(4)?.parse().map_err(|_| invalid("its leaf is no digest"))?;
    let read = Row { position, leaf, record: row.get_string(5)?.as_bytes().into() };
    let Envelope { at, r#type, actor } = envelope(&read)?;
    if (row.get_timestamp_micros(1)?, row.get_string(2)?, row.get_string(3)?)
        != (at.as_microsecond(), &r#type, &actor)
    {
        return Err(invalid("a column says something else than the event"));
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(position: u64) -> Row {
        let record = format!(
            r#"{{"actor":"shipway","at":"2026-03-14T09:26:53.5{position:05}Z","data":{{}},"type":"step.started"}}"#
        );
        Row { position, leaf: Digest::of(record.as_bytes()), record: record.into_bytes().into() }
    }

    #[test]
    fn rows_come_back_as_they_were_over_several_groups() {
        let mut writer = TableWriter::new().unwrap();
        let n_rows = GROUP_ROWS as u64 + 10;
        (0..n_rows).for_each(|position| writer.push(row(position)).unwrap());
        let (file, newest) = writer.finish().unwrap();
        assert_eq!(newest, "2026-03-14T09:26:53.565545Z".parse().unwrap());
        let file = Bytes::from(file);
        let mut next = 0;
        read_table(file.clone(), |found| -> Result<(), TableError> {
            assert_eq!(found, row(next));
            next += 1;
            Ok(())
        })
        .unwrap();
        assert_eq!(next, n_rows);
        assert_eq!(SerializedFileReader::new(file).unwrap().metadata().num_row_groups(), 2);
    }

    #[test]
    fn other_files_and_other_records_are_refused() {
        let read = |file: &'static [u8]| read_table(file.into(), |_| -> Result<(), TableError> { Ok(()) });
        assert!(matches!(read(b"PAR1 but no table PAR1"), Err(TableError::Parquet(_))));
        assert!(matches!(read(b""), Err(TableError::Parquet(_))));
        let mut writer = TableWriter::new().unwrap();
        writer.push(Row { record: b"{}".as_slice().into(), ..row(7) }).unwrap();
        assert!(matches!(writer.finish(), Err(TableError::Event { position: 7, .. })));
    }
}
