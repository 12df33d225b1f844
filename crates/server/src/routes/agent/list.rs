//! Listing hosts.

use shipway_api::operations::agent::ListAgents;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListAgents>) -> Outcome<ListAgents> {
    let state = it.app.runtime.state();
    let items =
        state.agents.iter().map(|agent| (agent.host.to_string(), views::agent::view(&it.app, &state, agent)));
    Ok(views::page::page(items, it.query.cursor.as_deref(), it.query.limit))
}
