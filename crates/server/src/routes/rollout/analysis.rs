//! Showing the analyses of a rollout.

use shipway_api::operations::rollout::ShowAnalysis;

use crate::incoming::{Incoming, Outcome};
use crate::{recall, views};

pub(super) async fn handle(it: Incoming<ShowAnalysis>) -> Outcome<ShowAnalysis> {
    let id = it.path.rollout;
    {
        let state = it.app.runtime.state();
        if let Some(rollout) = state.rollouts.live.get(&id) {
            return Ok(views::analysis::view(rollout));
        }
    }
    super::check_known(&it.app, id)?;
    let rollout = recall::rollout(&it.app.runtime, id).await?.ok_or_else(|| super::unknown(id))?;
    Ok(views::analysis::view(&rollout))
}
