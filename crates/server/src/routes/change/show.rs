//! Showing a change.

use shipway_api::operations::change::ShowChange;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowChange>) -> Outcome<ShowChange> {
    let state = it.state();
    views::change::view(&state, super::find(&state, it.path.change)?, it.now())
        .ok_or_else(|| super::forgotten(it.path.change))
}
