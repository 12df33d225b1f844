//! Listing what no order put there.

use shipway_api::operations::environment::ListStrays;
use shipway_api::view::environment::StrayView;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListStrays>) -> Outcome<ListStrays> {
    let state = it.state();
    super::check_known(&state, &it.path.environment)?;
    let there = state.strays.iter().filter(|(_, stray, _)| stray.environment == it.path.environment);
    let view = |(host, stray, since): (&shipway_model::Name, &shipway_model::stray::Stray, _)| StrayView {
        host: host.clone(),
        stray: stray.clone(),
        since,
    };
    Ok(views::page::whole(there.map(view).collect()))
}
