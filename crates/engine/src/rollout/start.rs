//! Asking for a rollout.

use std::sync::Arc;

use shipway_model::change::Emergency;
use shipway_model::event::Body;
use shipway_model::{ChangeId, Digest, Name, ReleaseId, RolloutId};

use super::closing;
use crate::{Code, Context, Rejection, State, change, plan};

pub(crate) fn start(
    state: &State,
    id: RolloutId,
    release: ReleaseId,
    environment: &Name,
    shown: Option<Digest>,
    emergency: Option<&Emergency>,
    ctx: &Context<'_>,
) -> Result<Vec<Body>, Rejection> {
    if state.rollouts.summaries.contains_key(&id) {
        return Ok(Vec::new());
    }
    let plan = plan::make(state, release, environment)?;
    let plan_digest = plan.digest();
    if let Some(shown) = shown
        && shown != plan_digest
    {
        return Err(Rejection::new(
            Code::PlanChanged,
            format!(
                "the plan that was shown ({}) is not what would be done now ({})",
                shown.short(),
                plan_digest.short()
            ),
        )
        .hint("look at `shipway plan` again: what runs, or what is declared, has changed since"));
    }
    closing::refuse(state, &plan, ctx.now)?;
    let change = change::open(state, id, &plan, emergency, ctx)?;
    let opened = change.map(|change| Body::ChangeOpened { id: ChangeId::of(id), change: Box::new(change) });
    let queued = Body::RolloutQueued { id, plan: Arc::new(plan), plan_digest };
    Ok(opened.into_iter().chain([queued]).collect())
}
