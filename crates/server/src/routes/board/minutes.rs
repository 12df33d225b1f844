//! Writing the minutes of a board.

use jiff::SignedDuration;
use shipway_api::Code;
use shipway_api::operations::board::ShowMinutes;
use shipway_engine::board::minutes::minutes;
use shipway_model::resource::{Key, Kind};

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;
use crate::views;

/// Of which the minutes are when nobody says from when on.
const FROM_DEFAULT: SignedDuration = SignedDuration::from_hours(4 * 7 * 24);

pub(super) async fn handle(it: Incoming<ShowMinutes>) -> Outcome<ShowMinutes> {
    let state = it.state();
    let board = &it.path.board;
    if state.catalogue.get(&Key { kind: Kind::Board, name: board.clone() }).is_none() {
        return Err(Failure::new(Code::UnknownResource, format!("there is no Board {board}"))
            .hint("`shipway get boards` shows those there are"));
    }
    let until = it.query.until.unwrap_or_else(|| it.now());
    let from = it.query.from.unwrap_or_else(|| until.checked_sub(FROM_DEFAULT).unwrap_or(until));
    Ok(views::board::minutes(minutes(&state, board, from, until)))
}
