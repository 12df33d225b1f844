//! Review boards.

use shipway_api::operations::board::{ListAgenda, MeetCondition, ShowMinutes};

use crate::router::Routes;

mod agenda;
mod meet_condition;
mod minutes;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListAgenda, _, _>(agenda::handle)
        .add::<ShowMinutes, _, _>(minutes::handle)
        .add::<MeetCondition, _, _>(meet_condition::handle)
}
