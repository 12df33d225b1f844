//! Review boards.

use shipway_api::operations::board::{ListAgenda, ListMeetings, MeetCondition, ShowMinutes};

use crate::router::Routes;

mod agenda;
mod meet_condition;
mod meetings;
mod minutes;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListAgenda, _, _>(agenda::handle)
        .add::<ListMeetings, _, _>(meetings::handle)
        .add::<ShowMinutes, _, _>(minutes::handle)
        .add::<MeetCondition, _, _>(meet_condition::handle)
}
