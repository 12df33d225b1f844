//! Showing what a change carries out, as it stands.

use shipway_api::operations::change::ShowChangePlan;
use shipway_api::operations::plan::PlanView;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowChangePlan>) -> Outcome<ShowChangePlan> {
    let state = it.state();
    let case = super::find(&state, it.path.change)?;
    let rollout = state.rollouts.live.get(&case.change.rollout);
    let rollout = rollout.ok_or_else(|| super::forgotten(it.path.change))?;
    Ok(PlanView { digest: rollout.plan_digest, plan: (*rollout.plan).clone() })
}
