//! Showing what depends on what.

use shipway_api::operations::resource::ShowGraph;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowGraph>) -> Outcome<ShowGraph> {
    let state = it.state();
    let sight = it.sight(&state);
    let mut graph = views::resource::graph(&state.catalogue);
    graph.nodes.retain(|it| sight.resource(&it.key));
    graph.edges.retain(|it| sight.resource(&it.from) && sight.resource(&it.to));
    Ok(graph)
}
