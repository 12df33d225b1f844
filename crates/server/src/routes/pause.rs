//! Pauses of a service, an environment or everything.

use shipway_api::Page;
use shipway_api::operations::pause::{ListPauses, PauseScope, ResumeScope};
use shipway_api::view::pause::PauseView;
use shipway_engine::State;

use crate::router::Routes;
use crate::views;

mod begin;
mod end;
mod list;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<PauseScope, _, _>(begin::handle)
        .add::<ResumeScope, _, _>(end::handle)
        .add::<ListPauses, _, _>(list::handle)
}

/// The pauses that stand; there are few.
fn all(state: &State) -> Page<PauseView> {
    let view = |it: &shipway_engine::Pause| PauseView {
        scope: it.scope.clone(),
        reason: it.reason.clone(),
        by: it.by.clone(),
        since: it.since,
    };
    views::page::whole(state.pauses.iter().map(view).collect())
}
