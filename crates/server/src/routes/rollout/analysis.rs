//! Showing the analyses of a rollout.

use shipway_api::operations::rollout::ShowAnalysis;
use shipway_runtime::Past;

use crate::incoming::{Incoming, Outcome};
use crate::{recall, views};

pub(super) async fn handle(it: Incoming<ShowAnalysis>) -> Outcome<ShowAnalysis> {
    let (id, past) = (it.path.rollout, it.past.as_ref());
    {
        let state = it.app.state(past);
        if let Some(rollout) = state.rollouts.live.get(&id) {
            return Ok(views::analysis::view(rollout));
        }
        super::check_known(&state, id)?;
    }
    let size = past.map_or(u64::MAX, Past::size);
    let rollout = recall::rollout(&it.app.runtime, id, size).await?.ok_or_else(|| super::unknown(id))?;
    Ok(views::analysis::view(&rollout))
}
