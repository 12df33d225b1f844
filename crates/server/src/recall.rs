//! Rollouts that the state has let go of, folded again from their streams.

use shipway_engine::{Rollout, rollout};
use shipway_model::RolloutId;
use shipway_model::event::Stream;
use shipway_runtime::{RECORDS_MAX, Runtime, StoreError};

/// The rollout as those of its events that are among the ledger's first `size` left it; nothing when there are none.
///
/// # Errors
/// When the store does not answer, or what it holds is no event.
pub(crate) async fn rollout(
    runtime: &Runtime,
    id: RolloutId,
    size: u64,
) -> Result<Option<Rollout>, StoreError> {
    let mut events = Vec::new();
    let mut from = 0;
    loop {
        let records = runtime.stream(&Stream::Rollout(id), from, RECORDS_MAX).await?;
        let n_known = records.partition_point(|it| it.position < size);
        events.extend(runtime.open_records(&records[..n_known]).await?);
        match records.last() {
            Some(last) if records.len() == RECORDS_MAX && last.position < size => from = last.position + 1,
            _ => return Ok(rollout::fold(&events)),
        }
    }
}
