//! Runbooks.

use shipway_api::operations::runbook::{FallBack, ListRunbooks, OutdateRunbook, ReviewRunbook, ShowRunbook};

use crate::router::Routes;

mod fall_back;
mod list;
mod outdate;
mod review;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListRunbooks, _, _>(list::handle)
        .add::<ShowRunbook, _, _>(show::handle)
        .add::<ReviewRunbook, _, _>(review::handle)
        .add::<OutdateRunbook, _, _>(outdate::handle)
        .add::<FallBack, _, _>(fall_back::handle)
}
