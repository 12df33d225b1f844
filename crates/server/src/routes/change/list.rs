//! Listing changes.

use shipway_api::operations::change::ListChanges;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListChanges>) -> Outcome<ListChanges> {
    let (state, now) = (it.state(), it.now());
    let in_environment = |case: &&shipway_engine::Case| {
        it.query.environment.as_ref().is_none_or(|wanted| {
            let summary = state.rollouts.summaries.get(&case.change.rollout);
            case.change.protected == *wanted || summary.is_some_and(|it| it.environment == *wanted)
        })
    };
    let sight = it.sight(&state);
    let all = state.changes.iter().rev().filter(in_environment).filter(|it| sight.change(it.id));
    let views = all.filter_map(|case| views::change::view(&state, case, now));
    let open = it.query.open.unwrap_or(false);
    let found: Vec<_> = views.filter(|it| !open || it.state.is_some()).collect();
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    cut.page(found.into_iter(), |it| it.id.to_string(), |it| it)
}
