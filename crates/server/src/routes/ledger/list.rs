//! Reading events.

use shipway_api::Page;
use shipway_api::operations::ledger::ListLedgerEvents;
use shipway_api::page::{LIMIT_DEFAULT, LIMIT_MAX};

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListLedgerEvents>) -> Outcome<ListLedgerEvents> {
    let limit = it.query.limit.unwrap_or(LIMIT_DEFAULT).clamp(1, LIMIT_MAX);
    let size = super::head(&it).size;
    let from = it.query.from.unwrap_or(0);
    let limit = u64::from(limit).min(size.saturating_sub(from));
    let records = it.app.runtime.records(from, limit as usize).await?;
    let after = records.last().map(|last| last.position + 1);
    let disclosures = it.app.runtime.disclosures(&records).await?;
    let items = records.iter().map(|it| views::ledger::event(it, &disclosures)).collect::<Result<_, _>>()?;
    Ok(Page { items, next: after.filter(|next| *next < size).map(|next| next.to_string()) })
}
