//! Listing what CI systems have told.

use shipway_api::operations::webhook::ListCiReports;
use shipway_engine::ci::is_same;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListCiReports>) -> Outcome<ListCiReports> {
    let (state, query) = (it.state(), &it.query);
    let mut all: Vec<_> = state.ci.iter().collect();
    all.sort_by_key(|(name, message)| std::cmp::Reverse((message.at, *name, message.number)));
    let of_webhook = all.into_iter().filter(|(name, _)| query.webhook.as_ref().is_none_or(|it| it == *name));
    // The number of a report within its message makes its place in the list.
    let reports = of_webhook.flat_map(|(name, message)| {
        super::views(&state, name, message)
            .enumerate()
            .map(move |(idx, view)| (format!("{name}/{}/{idx}", message.number), view))
    });
    let wanted = reports.filter(|(_, view)| {
        let commit = view.report.commit.as_deref().unwrap_or_default();
        query.deed.is_none_or(|it| it == view.report.deed)
            && query.commit.as_ref().is_none_or(|it| is_same(it, commit))
            && query.service.as_ref().is_none_or(|it| view.builds.iter().any(|build| build.service == *it))
    });
    let cut = Cut::new(query.cursor.as_deref(), query.limit);
    cut.page(wanted, |it| it.0.clone(), |it| it.1)
}
