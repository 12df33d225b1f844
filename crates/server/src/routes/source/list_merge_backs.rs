//! Listing what hotfixes owe.

use shipway_api::operations::source::ListMergeBacks;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListMergeBacks>) -> Outcome<ListMergeBacks> {
    Ok(views::page::whole(super::owed(&it.state(), it.now())))
}
