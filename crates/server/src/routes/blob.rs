//! Bytes by their digest.

use crate::router::Routes;
use shipway_api::operations::blob::{GetBlob, PutBlob};

mod get;
mod put;

pub(super) fn add(routes: Routes) -> Routes {
    routes.add::<PutBlob, _, _>(put::handle).add::<GetBlob, _, _>(get::handle)
}
