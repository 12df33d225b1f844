//! How risky shipping a release would be.

use shipway_api::operations::change::AssessRisk;
use shipway_engine::{change, plan};

use crate::incoming::{Incoming, Outcome};
use crate::routes::release;

pub(super) async fn handle(it: Incoming<AssessRisk>) -> Outcome<AssessRisk> {
    let state = it.state();
    let release = release::find(&state, &it.body.release)?;
    let plan = plan::make(&state, release.id, &it.body.environment)?;
    Ok(change::assess(&state, &plan, it.now()))
}
