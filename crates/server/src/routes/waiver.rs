//! Waivers of gates.

use jiff::Timestamp;
use shipway_api::operations::waiver::{ApproveWaiver, ListWaivers, RequestWaiver, WithdrawWaiver};
use shipway_api::view::waiver::WaiverView;
use shipway_engine::{Grant, State};
use shipway_model::WaiverId;

use crate::router::Routes;

mod approve;
mod list;
mod request;
mod withdraw;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<RequestWaiver, _, _>(request::handle)
        .add::<ListWaivers, _, _>(list::handle)
        .add::<ApproveWaiver, _, _>(approve::handle)
        .add::<WithdrawWaiver, _, _>(withdraw::handle)
}

fn view(grant: &Grant, now: Timestamp) -> WaiverView {
    WaiverView {
        id: grant.id,
        waiver: grant.waiver.clone(),
        standing: grant.standing(now).to_owned(),
        requested_by: grant.requested_by.clone(),
        requested: grant.requested,
        approved_by: grant.approved.as_ref().map(|it| it.0.clone()),
    }
}

/// One that was just decided about.
fn shown(state: &State, id: WaiverId, now: Timestamp) -> WaiverView {
    view(state.waivers.get(id).expect("what was decided about is known"), now)
}
