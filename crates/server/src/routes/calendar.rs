//! Exceptions from the calendar, and its feed.

use jiff::Timestamp;
use shipway_api::operations::calendar::{
    ApproveException, ListCalendarFeeds, ListExceptions, ReadCalendar, RequestException, WithdrawException,
};
use shipway_api::view::exception::ExceptionView;
use shipway_engine::State;
use shipway_engine::calendar::Permit;
use shipway_model::ExceptionId;

use crate::router::Routes;

mod approve_exception;
mod list_exceptions;
mod list_feeds;
mod read;
mod request_exception;
mod withdraw_exception;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<RequestException, _, _>(request_exception::handle)
        .add::<ListExceptions, _, _>(list_exceptions::handle)
        .add::<ApproveException, _, _>(approve_exception::handle)
        .add::<WithdrawException, _, _>(withdraw_exception::handle)
        .add::<ReadCalendar, _, _>(read::handle)
        .add::<ListCalendarFeeds, _, _>(list_feeds::handle)
}

fn view(permit: &Permit, now: Timestamp) -> ExceptionView {
    ExceptionView {
        id: permit.id,
        exception: permit.exception.clone(),
        standing: permit.standing(now).to_owned(),
        requested_by: permit.requested_by.clone(),
        requested: permit.requested,
        approved_by: permit.approvals.iter().map(|it| it.0.clone()).collect(),
    }
}

/// One that was just decided about.
fn shown(state: &State, id: ExceptionId, now: Timestamp) -> ExceptionView {
    view(state.calendars.exceptions.get(id).expect("what was decided about is known"), now)
}
