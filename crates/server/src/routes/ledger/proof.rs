//! Proving that an event is in the ledger.

use shipway_api::operations::ledger::ShowEventProof;
use shipway_api::view::ledger::EventProof;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowEventProof>) -> Outcome<ShowEventProof> {
    let (position, head) = (it.path.position, super::head(&it));
    if position >= head.size {
        return Err(super::too_far(position, head.size));
    }
    let record = it.app.runtime.records(position, 1).await?.into_iter().next();
    let leaf = record.ok_or_else(|| super::too_far(position, head.size))?.leaf;
    let path = it.app.runtime.inclusion_proof(position, head.size).await?;
    Ok(EventProof { position, leaf, path, head })
}
