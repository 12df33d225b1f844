//! What agents ask and report.

use shipway_api::Code;
use shipway_api::operations::agent::{
    AppendStepLog, LeaseEffects, ListAgents, RegisterAgent, ReportEffects, ReportInstances, ReportStrays,
    ShowOrders,
};
use shipway_engine::{State, rollout};
use shipway_model::Name;
use shipway_model::effect::EffectKey;

use crate::problem::Failure;
use crate::router::Routes;

mod append_log;
mod lease;
mod list;
mod orders;
mod register;
mod report;
mod report_instances;
mod report_strays;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<RegisterAgent, _, _>(register::handle)
        .add::<ListAgents, _, _>(list::handle)
        .add::<LeaseEffects, _, _>(lease::handle)
        .add::<ReportEffects, _, _>(report::handle)
        .add::<ReportInstances, _, _>(report_instances::handle)
        .add::<ReportStrays, _, _>(report_strays::handle)
        .add::<ShowOrders, _, _>(orders::handle)
        .add::<AppendStepLog, _, _>(append_log::handle)
}

fn check_known(state: &State, host: &Name) -> Result<(), Failure> {
    if state.agents.get(host).is_some() {
        return Ok(());
    }
    Err(unknown(host))
}

fn unknown(host: &Name) -> Failure {
    Failure::new(Code::UnknownAgent, format!("no host `{host}` is registered"))
        .hint("an agent registers its host before anything else")
}

/// Whether the effect is, or was, for the agent of `host`; nothing when its rollout is not known any more.
fn is_for(state: &State, key: &EffectKey, host: &Name) -> Option<bool> {
    let rollout = state.rollouts.live.get(&key.rollout)?;
    let action = rollout::action(rollout, key.step, key.direction)?;
    Some(action.target() == Some(host))
}
