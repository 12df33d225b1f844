//! Making a host known.

use shipway_api::operations::agent::RegisterAgent;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<RegisterAgent>) -> Outcome<RegisterAgent> {
    let host = it.body.host.clone();
    it.caller.must_be_agent_of(&host)?;
    it.app.hearing.note(&host, it.app.runtime.clock().now());
    let labels = it.body.labels.clone();
    it.submit(Command::RegisterAgent { host: host.clone(), address: it.body.address, labels }).await?;
    let state = it.app.runtime.state();
    let agent = state.agents.get(&host).ok_or_else(|| super::unknown(&host))?;
    Ok(views::agent::view(&state, agent, Some(it.app.hearing.of(&host, it.now()))))
}
