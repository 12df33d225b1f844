//! Showing what should run on a host.

use shipway_api::operations::agent::ShowOrders;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowOrders>) -> Outcome<ShowOrders> {
    // Before the state: a revision that is too old only means that the agent asks once more.
    let revision = it.app.runtime.head().size;
    let state = it.app.runtime.state();
    super::check_known(&state, &it.path.host)?;
    Ok(views::agent::orders(&state, &it.path.host, revision))
}
