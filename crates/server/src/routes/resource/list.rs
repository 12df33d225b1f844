//! Listing declared resources.

use std::sync::Arc;

use shipway_api::operations::resource::ListResources;
use shipway_model::resource::{Key, Resource};

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListResources>) -> Outcome<ListResources> {
    let state = it.state();
    let sight = it.sight(&state);
    let is_wanted = |key: &Key| it.query.kind.is_none_or(|kind| key.kind == kind) && sight.resource(key);
    let wanted = state.catalogue.iter().filter(|(key, _)| is_wanted(key));
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let view = |(_, resource): (_, &Arc<Resource>)| views::resource::view(&state.catalogue, resource);
    cut.page(wanted, |(key, _)| format!("{}/{}", key.kind, key.name), view)
}
