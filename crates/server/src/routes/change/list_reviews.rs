//! Listing reviews.

use shipway_api::operations::change::ListReviews;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListReviews>) -> Outcome<ListReviews> {
    let (state, now) = (it.state(), it.now());
    let sight = it.sight(&state);
    let all = state.changes.iter().rev().filter(|it| sight.change(it.id));
    let found = all.filter_map(|case| views::change::review(&state, case, now));
    Ok(views::page::whole(found.collect()))
}
