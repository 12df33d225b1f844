//! Release trains.

use shipway_api::operations::train::{ListTrains, PlanTrain};

use crate::router::Routes;

mod list;
mod plan;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListTrains, _, _>(list::handle).add::<PlanTrain, _, _>(plan::handle)
}
