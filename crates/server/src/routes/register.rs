//! The register of exceptions.

use shipway_api::operations::register::ListRegister;

use crate::router::Routes;

mod list;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListRegister, _, _>(list::handle)
}
