//! The register of exceptions.

use shipway_api::operations::register::ListRegister;

use crate::router::Routes;

mod list;

/// Standings of what is over.
pub(crate) const OVER: [&str; 6] = ["withdrawn", "expired", "lapsed", "ended", "closed", "let in"];

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListRegister, _, _>(list::handle)
}
