//! Comparing two environments.

use shipway_api::operations::environment::CompareEnvironments;
use shipway_engine::environment::parity;
use shipway_model::gate::facts::Comparison;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<CompareEnvironments>) -> Outcome<CompareEnvironments> {
    let state = it.state();
    let (here, with) = (&it.path.environment, &it.query.with);
    super::check_known(&state, here)?;
    super::check_known(&state, with)?;
    let differences = parity::differences(&state, with, here).unwrap_or_default();
    Ok(Comparison { with: with.clone(), differences })
}
