//! Showing what runs where, with what it depends on.

use shipway_api::operations::inventory::ShowInventory;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowInventory>) -> Outcome<ShowInventory> {
    Ok(views::inventory::view(&it.state(), it.now()))
}
