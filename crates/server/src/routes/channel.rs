//! Channels through which people are told.

use shipway_api::operations::channel::ListChannels;

use crate::router::Routes;

mod list;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<ListChannels, _, _>(list::handle)
}
