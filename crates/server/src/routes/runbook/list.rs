//! All runbooks.

use shipway_api::operations::runbook::ListRunbooks;
use shipway_engine::runbook;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListRunbooks>) -> Outcome<ListRunbooks> {
    let state = it.state();
    let sight = it.sight(&state);
    let seen = runbook::all(&state).filter(|(name, _)| sight.runbook(name));
    let views = seen.filter_map(|(name, _)| views::runbook::view(&state, name).ok());
    Ok(views::page::whole(views.collect()))
}
