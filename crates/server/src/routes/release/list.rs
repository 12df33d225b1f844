//! Listing releases, the newest first.

use shipway_api::operations::release::ListReleases;
use shipway_engine::Release;

use crate::incoming::{Incoming, Outcome};
use crate::views;
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListReleases>) -> Outcome<ListReleases> {
    let state = it.state();
    let sight = it.sight(&state);
    let wanted = |release: &&Release| {
        it.query.name.as_ref().is_none_or(|name| release.bundle.name == *name) && sight.release(release.id)
    };
    // Ids grow with the time of their making.
    let newest = state.releases.iter().rev().filter(wanted);
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    cut.page(newest, |release| release.id.to_string(), views::release::view)
}
