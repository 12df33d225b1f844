//! Hosts, and what should run on them.

use shipway_api::view::AgentView;
use shipway_api::view::agent::{Connection, OrderedInstance, Orders};
use shipway_engine::environment::{InstanceState, Status};
use shipway_engine::{Agent, EnvironmentState, State};
use shipway_model::Name;

use super::instance;
use crate::hearing::Heard;

/// `heard` tells who is connected, which it only knows of now.
pub(crate) fn view(state: &State, agent: &Agent, heard: Option<Heard>) -> AgentView {
    AgentView {
        host: agent.host.clone(),
        address: agent.address,
        labels: agent.labels.clone(),
        connection: heard.map_or(Connection::Unrecorded, |it| it.connection),
        heard_at: heard.and_then(|it| it.at),
        instances: instance::on_host(state, &agent.host)
            .map(|(it, known)| instance::view(state, it, known))
            .collect(),
    }
}

/// Everything that should run on the host: what is being started and what is not stopped yet too.
pub(crate) fn orders(state: &State, host: &Name, revision: u64) -> Orders {
    let ordered = |(_, known): (&Name, &EnvironmentState)| {
        let here = known.instances.iter().filter(|(it, state)| it.target == *host && should_run(state));
        let ordered = here.filter_map(|(instance, it)| {
            let contract = known.contracts.get(&it.contract)?.as_ref().clone();
            Some(OrderedInstance { instance: instance.clone(), artifact: it.artifact, contract })
        });
        ordered.collect::<Vec<_>>()
    };
    Orders { revision, instances: state.environments.iter().flat_map(ordered).collect() }
}

/// What failed to come up has been taken away already.
fn should_run(known: &InstanceState) -> bool {
    !matches!(known.status, Status::Failed { .. })
}
