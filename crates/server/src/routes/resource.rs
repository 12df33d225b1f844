//! Declared resources.

use crate::router::Routes;
use shipway_api::operations::resource::{ApplyResources, ListResources, ShowGraph, ShowResource};

mod apply;
mod graph;
mod list;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ApplyResources, _, _>(apply::handle)
        .add::<ListResources, _, _>(list::handle)
        .add::<ShowResource, _, _>(show::handle)
        .add::<ShowGraph, _, _>(graph::handle)
}
