//! Deciding what may be deleted from a copy of the ledger.

use shipway_api::Code;
use shipway_api::operations::ledger::{ArchivedTable, PruneArchive};
use shipway_api::view::ledger::Pruning;
use shipway_engine::Command;
use shipway_model::event::{Body, Event, PrunedTable};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<PruneArchive>) -> Outcome<PruneArchive> {
    let archive = it.body.archive.trim().to_owned();
    if archive.is_empty() || it.body.tables.is_empty() {
        return Err(Failure::new(Code::InvalidRequest, "what is pruned has a place, and tables"));
    }
    let mut tables: Vec<PrunedTable> = Vec::new();
    for table in &it.body.tables {
        let ArchivedTable { from, to, digest } = *table;
        if to <= from || tables.last().is_some_and(|before| before.to != from) {
            let detail = format!("the table of the events {from} to {to} does not follow the one before it");
            return Err(Failure::new(Code::InvalidRequest, detail));
        }
        // By the ledger itself: whoever asks may be mistaken about its age.
        let records = it.app.runtime.records(to - 1, 1).await?;
        let events = it.app.runtime.open_records(&records).await?;
        let newest = events.first().ok_or_else(|| super::too_far(to - 1, it.app.runtime.head().size))?.at;
        tables.push(PrunedTable { from, to, digest, newest });
    }
    let receipt = it.submit(Command::PruneArchive { archive, tables }).await?;
    let pruned = receipt.events.iter().filter_map(|it| pruned(it));
    let (years, tables) = pruned.fold((0, Vec::new()), |(_, mut all), (years, tables)| {
        all.extend_from_slice(tables);
        (years, all)
    });
    Ok(Pruning { tables, years, recorded_before: receipt.position })
}

fn pruned(event: &Event) -> Option<(u8, &[PrunedTable])> {
    match &event.body {
        Body::ArchivePruned { years, tables, .. } => Some((*years, tables)),
        _ => None,
    }
}
