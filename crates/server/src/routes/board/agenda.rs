//! What boards have to look at.

use shipway_api::operations::board::ListAgenda;
use shipway_engine::board::{self, record};

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListAgenda>) -> Outcome<ListAgenda> {
    let (state, now) = (it.state(), it.now());
    let points = board::agenda(&state, it.query.board.as_ref(), now);
    let sight = it.sight(&state);
    let items = points
        .iter()
        .filter(|it| sight.change(it.case.id))
        .filter_map(|point| views::board::point(&state, point, record::record(&state, point.case, now)));
    Ok(views::page::whole(items.collect()))
}
