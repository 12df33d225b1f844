//! Rules that measured records ask for or let go.

use shipway_api::operations::threshold::ProposeRules;

use crate::router::Routes;

mod propose;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ProposeRules, _, _>(propose::handle)
}
