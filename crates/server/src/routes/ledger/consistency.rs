//! Proving that an earlier ledger is the beginning of this one.

use shipway_api::operations::ledger::ShowConsistencyProof;
use shipway_api::view::ledger::ConsistencyProof;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowConsistencyProof>) -> Outcome<ShowConsistencyProof> {
    let head = super::head(&it);
    let (from, to) = (it.query.from, it.query.to.unwrap_or(head.size));
    if from > to || to > head.size {
        return Err(super::too_far(from.max(to), head.size));
    }
    let path = it.app.runtime.consistency_proof(from, to).await?;
    Ok(ConsistencyProof { from, to, path, head })
}
