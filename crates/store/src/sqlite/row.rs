//! Values as columns. SQLite's integers are 64 bits and signed; all of ours fit.

use std::sync::Arc;

use jiff::Timestamp;
use rusqlite::types::Type;
use rusqlite::{Error, Row};
use shipway_model::Digest;
use shipway_runtime::Record;
use shipway_runtime::store::{Disclosure, EffectRow, StoredAnswer};

/// Positions and sizes end at 2^53.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn unsigned(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let number: i64 = row.get(column)?;
    number.try_into().map_err(|_| Error::IntegralValueOutOfRange(column, number))
}

pub(super) fn digest(row: &Row<'_>, column: usize) -> rusqlite::Result<Digest> {
    row.get(column).map(Digest::from_bytes)
}

pub(super) fn timestamp(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let millis: Option<i64> = row.get(column)?;
    millis
        .map(Timestamp::from_millisecond)
        .transpose()
        .map_err(|error| unreadable(column, Type::Integer, error))
}

/// `position, bytes, leaf`
pub(super) fn record(row: &Row<'_>) -> rusqlite::Result<Record> {
    let bytes: Arc<[u8]> = row.get_ref(1)?.as_blob()?.into();
    Ok(Record { position: unsigned(row, 0)?, bytes, leaf: digest(row, 2)? })
}

/// `body, generation, leased_until_ms, holder`
pub(super) fn effect(row: &Row<'_>) -> rusqlite::Result<EffectRow> {
    let effect = serde_json::from_slice(row.get_ref(0)?.as_blob()?);
    Ok(EffectRow {
        effect: Arc::new(effect.map_err(|error| unreadable(0, Type::Blob, error))?),
        generation: row.get(1)?,
        leased_until: timestamp(row, 2)?,
        holder: row.get(3)?,
    })
}

/// `position, pointer, salt, text`
pub(super) fn disclosure(row: &Row<'_>) -> rusqlite::Result<Disclosure> {
    let pointer = Disclosure::pointer(row.get_ref(1)?.as_str()?);
    Ok(Disclosure { position: unsigned(row, 0)?, pointer, salt: row.get(2)?, text: row.get(3)? })
}

/// `request, first, last, at_ms`
pub(super) fn answer(row: &Row<'_>) -> rusqlite::Result<StoredAnswer> {
    let at = timestamp(row, 3)?.unwrap_or(Timestamp::UNIX_EPOCH);
    Ok(StoredAnswer { request: digest(row, 0)?, first: unsigned(row, 1)?, last: unsigned(row, 2)?, at })
}

fn unreadable(column: usize, kind: Type, error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::FromSqlConversionFailure(column, kind, Box::new(error))
}
