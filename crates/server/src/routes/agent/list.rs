//! Listing hosts.

use shipway_api::operations::agent::ListAgents;
use shipway_engine::Agent;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListAgents>) -> Outcome<ListAgents> {
    let state = it.state();
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let view = |agent: &Agent| {
        let heard = it.past.is_none().then(|| it.app.hearing.of(&agent.host, it.now()));
        views::agent::view(&state, agent, heard)
    };
    cut.page(state.agents.iter(), |agent| agent.host.to_string(), view)
}
