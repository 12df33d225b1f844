//! Listing keys.

use shipway_api::operations::key::ListKeys;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListKeys>) -> Outcome<ListKeys> {
    let state = it.state();
    let mut keys: Vec<_> = state.keys.iter().collect();
    keys.sort_by(|one, other| (&one.owner, one.registered).cmp(&(&other.owner, other.registered)));
    Ok(views::page::whole(keys.into_iter().map(views::change::key).collect()))
}
