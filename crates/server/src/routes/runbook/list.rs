//! All runbooks.

use shipway_api::operations::runbook::ListRunbooks;
use shipway_engine::runbook;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListRunbooks>) -> Outcome<ListRunbooks> {
    let state = it.state();
    let views = runbook::all(&state).filter_map(|(name, _)| views::runbook::view(&state, name).ok());
    Ok(views::page::whole(views.collect()))
}
