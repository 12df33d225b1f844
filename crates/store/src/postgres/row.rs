//! Values as columns. PostgreSQL's integers are signed; all of ours fit.

use std::sync::Arc;

use jiff::Timestamp;
use shipway_model::Digest;
use shipway_model::effect::Performer;
use shipway_runtime::Record;
use shipway_runtime::store::{Disclosure, EffectRow, StoredAnswer, StoredHead};
use tokio_postgres::Row;
use tokio_postgres::types::FromSql;

use super::fault::Fault;

/// Positions and sizes end at 2^53.
pub(super) fn integer(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(super) fn get<'a, T: FromSql<'a>>(row: &'a Row, column: usize) -> Result<T, Fault> {
    row.try_get(column).map_err(|error| Fault::Damaged(format!("column {column}: {error}")))
}

pub(super) fn unsigned(row: &Row, column: usize) -> Result<u64, Fault> {
    let number: i64 = get(row, column)?;
    number.try_into().map_err(|_| Fault::Damaged(format!("column {column} is negative: {number}")))
}

pub(super) fn generation(row: &Row, column: usize) -> Result<u32, Fault> {
    let number: i32 = get(row, column)?;
    number.try_into().map_err(|_| Fault::Damaged(format!("column {column} is negative: {number}")))
}

pub(super) fn digest(row: &Row, column: usize) -> Result<Digest, Fault> {
    let bytes: &[u8] = get(row, column)?;
    let bytes = bytes.try_into().map_err(|_| Fault::Damaged(format!("column {column} is no digest")))?;
    Ok(Digest::from_bytes(bytes))
}

/// `position, bytes, leaf`
pub(super) fn record(row: &Row) -> Result<Record, Fault> {
    let bytes: &[u8] = get(row, 1)?;
    Ok(Record { position: unsigned(row, 0)?, bytes: bytes.into(), leaf: digest(row, 2)? })
}

/// `revision, size, frontier, checkpoint`
pub(super) fn head(row: &Row) -> Result<StoredHead, Fault> {
    let (revision, size) = (unsigned(row, 0)?, unsigned(row, 1)?);
    Ok(StoredHead { revision, size, frontier: get(row, 2)?, checkpoint: get(row, 3)? })
}

/// `body, generation, leased_until_ms, holder`
pub(super) fn effect(row: &Row) -> Result<EffectRow, Fault> {
    let effect = Arc::new(order(row, 0)?);
    let leased_until: Option<i64> = get(row, 2)?;
    let leased_until = leased_until.map(Timestamp::from_millisecond).transpose();
    let leased_until = leased_until.map_err(|error| Fault::Damaged(error.to_string()))?;
    let holder: Option<&str> = get(row, 3)?;
    Ok(EffectRow { effect, generation: generation(row, 1)?, leased_until, holder: holder.map(Arc::from) })
}

pub(super) fn order(row: &Row, column: usize) -> Result<shipway_model::effect::Effect, Fault> {
    let body: &[u8] = get(row, column)?;
    serde_json::from_slice(body).map_err(|error| Fault::Damaged(format!("an effect cannot be read: {error}")))
}

/// `position, pointer, salt, text`
pub(super) fn disclosure(row: &Row) -> Result<Disclosure, Fault> {
    let salt: &[u8] = get(row, 2)?;
    let salt = salt.try_into().map_err(|_| Fault::Damaged("a salt has not 32 bytes".to_owned()))?;
    let pointer = Disclosure::pointer(get(row, 1)?);
    Ok(Disclosure { position: unsigned(row, 0)?, pointer, salt, text: get(row, 3)? })
}

/// `request, first, last, at_ms`
pub(super) fn answer(row: &Row) -> Result<StoredAnswer, Fault> {
    let at = Timestamp::from_millisecond(get(row, 3)?).map_err(|error| Fault::Damaged(error.to_string()))?;
    Ok(StoredAnswer { request: digest(row, 0)?, first: unsigned(row, 1)?, last: unsigned(row, 2)?, at })
}

/// `server`, or the host of an agent, whose name has no colon, behind `agent:`.
pub(super) fn performer(performer: &Performer) -> String {
    match performer {
        Performer::Server => "server".to_owned(),
        Performer::Agent(host) => format!("agent:{host}"),
    }
}

pub(super) fn performer_of(text: &str) -> Result<Performer, Fault> {
    match text.strip_prefix("agent:") {
        None if text == "server" => Ok(Performer::Server),
        Some(host) => host.parse().map(Performer::Agent).map_err(|_| unknown(text)),
        None => Err(unknown(text)),
    }
}

fn unknown(text: &str) -> Fault {
    Fault::Damaged(format!("`{text}` performs nothing"))
}

pub(super) fn key(text: &str) -> Result<shipway_model::effect::EffectKey, Fault> {
    text.parse().map_err(|error: shipway_model::effect::InvalidEffectKey| Fault::Damaged(error.to_string()))
}
