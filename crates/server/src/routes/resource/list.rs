//! Listing declared resources.

use std::sync::Arc;

use shipway_api::operations::resource::ListResources;
use shipway_model::resource::Resource;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListResources>) -> Outcome<ListResources> {
    let state = it.state();
    let wanted = state.catalogue.iter().filter(|(key, _)| it.query.kind.is_none_or(|kind| key.kind == kind));
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    let view = |(_, resource): (_, &Arc<Resource>)| views::resource::view(&state.catalogue, resource);
    cut.page(wanted, |(key, _)| format!("{}/{}", key.kind, key.name), view)
}
