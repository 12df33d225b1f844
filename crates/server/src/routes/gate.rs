//! What gates ask of a release.

use shipway_api::ReleaseSelector;
use shipway_api::operations::gate::{ExplainGates, ReadFacts};
use shipway_engine::State;
use shipway_engine::gate::{self, Outline};
use shipway_model::Name;

use crate::gates::instant;
use crate::problem::Failure;
use crate::router::Routes;
use crate::routes::release;

mod explain;
mod facts;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ExplainGates, _, _>(explain::handle).add::<ReadFacts, _, _>(facts::handle)
}

fn outline(
    state: &State,
    release: &ReleaseSelector,
    environment: &Name,
    now: jiff::Timestamp,
) -> Result<Outline, Failure> {
    let id = release::find(state, release)?.id;
    Ok(gate::outline(state, id, environment, instant(now))?)
}
