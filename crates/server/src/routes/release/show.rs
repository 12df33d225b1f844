//! Showing a release.

use shipway_api::operations::release::ShowRelease;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowRelease>) -> Outcome<ShowRelease> {
    Ok(views::release::view(super::find(&it.state(), &it.path.release)?))
}
