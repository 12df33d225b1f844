//! What the tools show.

use shipway_api::operations::itsm::ListMirrored;
use shipway_api::page::{LIMIT_MAX, Page};

use super::view;
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListMirrored>) -> Outcome<ListMirrored> {
    let state = it.state();
    let sight = it.sight(&state);
    let seen = state.changes.iter().rev().filter(|it| sight.change(it.id));
    let all = seen.flat_map(|case| {
        state.mirrors.of(case.id).map(|(mirror, kept)| view(case.id, mirror, kept)).collect::<Vec<_>>()
    });
    Ok(Page { items: all.take(LIMIT_MAX as usize).collect(), next: None })
}
