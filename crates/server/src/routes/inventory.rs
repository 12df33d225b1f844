//! What runs where.

use crate::router::Routes;
use shipway_api::operations::inventory::ShowInventory;

mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ShowInventory, _, _>(show::handle)
}
