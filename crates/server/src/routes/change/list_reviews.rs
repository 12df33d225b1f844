//! Listing reviews.

use shipway_api::operations::change::ListReviews;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListReviews>) -> Outcome<ListReviews> {
    let (state, now) = (it.state(), it.now());
    let found = state.changes.iter().rev().filter_map(|case| views::change::review(&state, case, now));
    Ok(views::page::whole(found.collect()))
}
