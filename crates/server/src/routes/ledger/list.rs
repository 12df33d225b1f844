//! Reading events.

use shipway_api::Page;
use shipway_api::operations::ledger::ListLedgerEvents;
use shipway_api::page::{LIMIT_DEFAULT, LIMIT_MAX};
use shipway_api::view::ledger::LedgerEvent;
use shipway_runtime::{Record, StoreError};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListLedgerEvents>) -> Outcome<ListLedgerEvents> {
    let limit = it.query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let size = super::head(&it).size;
    let from = it.query.from.unwrap_or(0);
    let limit = u64::from(limit).min(size.saturating_sub(from));
    let records = it.app.runtime.records(from, limit as usize).await?;
    let after = records.last().map(|last| last.position + 1);
    let items = records.iter().map(view).collect::<Result<_, _>>()?;
    Ok(Page { items, next: after.filter(|next| *next < size).map(|next| next.to_string()) })
}

fn view(record: &Record) -> Result<LedgerEvent, StoreError> {
    let damaged = |error| StoreError::Damaged(format!("record {} is not JSON: {error}", record.position));
    let event = serde_json::from_slice(&record.bytes).map_err(damaged)?;
    Ok(LedgerEvent { position: record.position, leaf: record.leaf, event })
}
