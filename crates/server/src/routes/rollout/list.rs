//! Listing rollouts, the newest first.

use shipway_api::operations::rollout::ListRollouts;
use shipway_engine::Summary;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListRollouts>) -> Outcome<ListRollouts> {
    let state = it.state();
    let query = &it.query;
    let sight = it.sight(&state);
    let wanted = |known: &&Summary| {
        query.environment.as_ref().is_none_or(|name| known.environment == *name)
            && query.live.is_none_or(|live| live == known.end.is_none())
            && query.before.is_none_or(|before| known.started.is_some_and(|it| it <= before))
            && sight.rollout(known.id)
    };
    // Ids grow with the time of their making.
    let newest = state.rollouts.summaries.values().rev().filter(wanted);
    let cut = Cut::new(query.cursor.as_deref(), query.limit);
    cut.page(newest, |known| known.id.to_string(), |known| views::rollout::summary(&state, known))
}
