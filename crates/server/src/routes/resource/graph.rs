//! Showing what depends on what.

use shipway_api::operations::resource::ShowGraph;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowGraph>) -> Outcome<ShowGraph> {
    Ok(views::resource::graph(&it.state().catalogue))
}
