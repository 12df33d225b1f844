//! Showing what runs where, with what it depends on.

use shipway_api::operations::inventory::ShowInventory;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowInventory>) -> Outcome<ShowInventory> {
    let state = it.state();
    let sight = it.sight(&state);
    let mut inventory = views::inventory::view(&state, it.now());
    inventory.items.retain(|it| sight.environment(&it.environment) && sight.service(&it.service));
    inventory.relations.retain(|it| sight.resource(&it.from) && sight.resource(&it.to));
    Ok(inventory)
}
