//! When boards meet next.

use shipway_api::operations::board::ListMeetings;
use shipway_api::view::board::MeetingView;
use shipway_engine::board::sitting::{Sitting, sittings};

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListMeetings>) -> Outcome<ListMeetings> {
    let found = sittings(&it.state(), it.query.board.as_ref(), it.now());
    let view = |it: Sitting| MeetingView {
        board: it.board,
        at: it.at,
        place: it.place,
        members: it.members,
        there: it.there,
        quorate: it.is_quorate,
        changes: it.changes,
    };
    Ok(views::page::whole(found.into_iter().map(view).collect()))
}
