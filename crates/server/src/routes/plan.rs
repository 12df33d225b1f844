//! Plans.

use shipway_api::operations::plan::MakePlan;

use crate::router::Routes;

mod make;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<MakePlan, _, _>(make::handle)
}
