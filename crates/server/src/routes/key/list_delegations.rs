//! Listing who speaks for whom.

use shipway_api::operations::key::ListDelegations;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListDelegations>) -> Outcome<ListDelegations> {
    let (state, now) = (it.state(), it.now());
    let views = state.delegations.iter().map(|it| views::change::delegation(it, now));
    Ok(views::page::whole(views.collect()))
}
