//! Planning a rollout without starting it.

use shipway_api::operations::plan::{MakePlan, PlanView};
use shipway_engine::plan;

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<MakePlan>) -> Outcome<MakePlan> {
    let state = it.state();
    let id = release::find(&state, &it.body.release)?.id;
    let plan = plan::make(&state, id, &it.body.environment)?;
    Ok(PlanView { digest: plan.digest(), plan })
}
