//! Listing exceptions.

use shipway_api::operations::calendar::ListExceptions;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListExceptions>) -> Outcome<ListExceptions> {
    let (state, now) = (it.state(), it.now());
    let mut permits: Vec<_> = state.calendars.exceptions.iter().collect();
    permits.sort_by_key(|it| std::cmp::Reverse(it.requested));
    Ok(views::page::whole(permits.into_iter().map(|it| super::view(it, now)).collect()))
}
