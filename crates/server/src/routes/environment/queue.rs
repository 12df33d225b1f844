//! Showing who works and who waits.

use shipway_api::operations::environment::ShowQueue;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowQueue>) -> Outcome<ShowQueue> {
    let state = it.state();
    super::check_known(&state, &it.path.environment)?;
    Ok(views::environment::queue(&state, &it.path.environment))
}
