//! What runs where, for those who keep it elsewhere too.

use super::operations;
use crate::payload::Json;
use crate::view::inventory::Inventory;

operations! {
    /// Show which version, configuration and migration level of each service is in each environment, and what needs what.
    ShowInventory "showInventory": Get "/api/v1/inventory", Viewer {
        answer: Json<Inventory>,
    }
}
