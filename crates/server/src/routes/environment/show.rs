//! Showing what runs where.

use shipway_api::operations::environment::ShowEnvironment;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowEnvironment>) -> Outcome<ShowEnvironment> {
    let state = it.state();
    super::check_known(&state, &it.path.environment)?;
    Ok(views::environment::view(&state, &it.path.environment))
}
