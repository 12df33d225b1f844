//! Legal holds.

use shipway_api::Page;
use shipway_api::operations::ledger::{ListHolds, PlaceHold, ReleaseHold};
use shipway_api::view::ledger::HoldView;
use shipway_engine::{Command, Hold, State};

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn list(it: Incoming<ListHolds>) -> Outcome<ListHolds> {
    Ok(all(&it.state()))
}

pub(super) async fn place(it: Incoming<PlaceHold>) -> Outcome<PlaceHold> {
    let (name, reason) = (it.body.name.clone(), it.body.reason.clone());
    it.submit(Command::PlaceHold { name, reason }).await?;
    Ok(all(&it.state()))
}

pub(super) async fn release(it: Incoming<ReleaseHold>) -> Outcome<ReleaseHold> {
    it.submit(Command::ReleaseHold { name: it.path.hold.clone() }).await?;
    Ok(all(&it.state()))
}

/// The holds that stand; there are few.
fn all(state: &State) -> Page<HoldView> {
    let view = |it: &Hold| HoldView {
        name: it.name.clone(),
        reason: it.reason.clone(),
        by: it.by.clone(),
        since: it.since,
    };
    views::page::whole(state.custody.holds().map(view).collect())
}
