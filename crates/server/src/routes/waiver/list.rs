//! Listing waivers.

use jiff::SignedDuration;
use shipway_api::operations::waiver::ListWaivers;
use shipway_engine::Grant;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListWaivers>) -> Outcome<ListWaivers> {
    let (state, now) = (it.state(), it.now());
    let within = it.query.lapsing.map(|it| SignedDuration::from_millis(it.0.cast_signed()));
    let is_wanted = |grant: &&Grant| within.is_none_or(|within| grant.is_lapsing(now, within));
    let mut grants: Vec<_> = state.waivers.iter().filter(is_wanted).collect();
    grants.sort_by_key(|it| (it.waiver.expires, it.id));
    Ok(views::page::whole(grants.into_iter().map(|it| super::view(it, now)).collect()))
}
