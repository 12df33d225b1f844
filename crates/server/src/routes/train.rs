//! Release trains.

use std::collections::BTreeSet;

use jiff::Timestamp;
use shipway_api::operations::train::{ListTrains, PlanTrain};
use shipway_engine::train;
use shipway_model::{Name, ReleaseId};

use crate::app::App;
use crate::problem::Failure;
use crate::router::Routes;
use crate::routes::contract;

mod list;
mod plan;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListTrains, _, _>(list::handle).add::<PlanTrain, _, _>(plan::handle)
}

/// The releases of a departure that fit what stands there by their contracts, where something of it is uncoupled.
pub(crate) async fn fits(
    app: &App,
    name: &Name,
    departure: Timestamp,
    now: Timestamp,
) -> Result<BTreeSet<ReleaseId>, Failure> {
    let (environment, releases) = {
        let state = app.runtime.state();
        let train = train::known(&state, name)?;
        let boarded = train::boarded(&state, name, train, departure, now);
        if !train::uncouples(train, &boarded) {
            return Ok(BTreeSet::new());
        }
        (boarded.environment, boarded.coaches.into_iter().map(|it| it.release).collect::<Vec<_>>())
    };
    let mut fits = BTreeSet::new();
    for release in releases {
        if contract::fits(app, release, &environment, now).await? {
            fits.insert(release);
        }
    }
    Ok(fits)
}
