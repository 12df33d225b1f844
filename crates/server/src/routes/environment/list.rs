//! Listing environments.

use shipway_api::operations::environment::ListEnvironments;
use shipway_model::Name;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListEnvironments>) -> Outcome<ListEnvironments> {
    let state = it.state();
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let view = |name: &Name| views::environment::summary(&state, name);
    let sight = it.sight(&state);
    cut.page(sight.environments(&state), |name| name.to_string(), view)
}
