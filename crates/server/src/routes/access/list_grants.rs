//! Listing privilege that was asked for.

use shipway_api::Page;
use shipway_api::operations::access::ListGrants;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListGrants>) -> Outcome<ListGrants> {
    let (state, now) = (it.state(), it.now());
    let items = state.access.grants.iter().rev().map(|grant| super::view(grant, now)).collect();
    Ok(Page { items, next: None })
}
