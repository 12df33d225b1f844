//! Listing decisions.

use shipway_api::operations::decision::ListDecisions;
use shipway_engine::Decided;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListDecisions>) -> Outcome<ListDecisions> {
    let state = it.state();
    let query = &it.query;
    let is_wanted = |decided: &&Decided| {
        query.rollout.is_none_or(|it| it == decided.rollout)
            && query.environment.as_ref().is_none_or(|it| *it == decided.environment)
    };
    let cut = Cut::new(query.cursor.as_deref(), query.limit);
    // Ids grow with time.
    cut.page(state.decisions.iter().rev().filter(is_wanted), |it| it.id.to_string(), super::summary)
}
