//! From where releases come, and what hotfixes owe.

use jiff::Timestamp;
use shipway_api::operations::source::{ListMergeBacks, RecordMergeBack, RecordSources};
use shipway_api::view::source::OwedMergeBack;
use shipway_engine::{State, source};

use crate::router::Routes;

mod list_merge_backs;
mod record;
mod record_merge_back;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<RecordSources, _, _>(record::handle)
        .add::<RecordMergeBack, _, _>(record_merge_back::handle)
        .add::<ListMergeBacks, _, _>(list_merge_backs::handle)
}

fn owed(state: &State, now: Timestamp) -> Vec<OwedMergeBack> {
    let view = |it: source::Owed| {
        let bundle = &state.releases.get(it.release)?.bundle;
        Some(OwedMergeBack {
            id: it.release,
            name: bundle.name.clone(),
            version: bundle.version.clone(),
            repository: it.repository,
            commit: it.commit,
            missing: it.missing,
            since: it.since,
            overdue: it.due <= now,
            due: it.due,
        })
    };
    source::owed(state).into_iter().filter_map(view).collect()
}
