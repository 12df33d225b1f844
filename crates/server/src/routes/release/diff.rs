//! Comparing two releases.

use shipway_api::operations::release::DiffReleases;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<DiffReleases>) -> Outcome<DiffReleases> {
    let state = it.state();
    let from = super::find(&state, &it.query.against)?;
    let to = super::find(&state, &it.path.release)?;
    Ok(views::release::diff(from, to))
}
