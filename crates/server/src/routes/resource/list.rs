//! Listing declared resources.

use shipway_api::operations::resource::ListResources;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListResources>) -> Outcome<ListResources> {
    let state = it.app.runtime.state();
    let wanted = state.catalogue.iter().filter(|(key, _)| it.query.kind.is_none_or(|kind| key.kind == kind));
    let items = wanted.map(|(key, resource)| {
        (format!("{}/{}", key.kind, key.name), views::resource::view(&state.catalogue, resource))
    });
    Ok(views::page::page(items, it.query.cursor.as_deref(), it.query.limit))
}
