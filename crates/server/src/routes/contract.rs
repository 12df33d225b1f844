//! Contracts.

use shipway_api::operations::contract::CanDeploy;

use crate::router::Routes;

mod can_deploy;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<CanDeploy, _, _>(can_deploy::handle)
}
