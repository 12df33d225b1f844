//! Listing environments.

use shipway_api::operations::environment::ListEnvironments;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListEnvironments>) -> Outcome<ListEnvironments> {
    let state = it.app.runtime.state();
    let items = state
        .catalogue
        .environments()
        .map(|name| (name.to_string(), views::environment::summary(&state, name)));
    Ok(views::page::page(items, it.query.cursor.as_deref(), it.query.limit))
}
