//! Listing the pauses that stand.

use shipway_api::operations::pause::ListPauses;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListPauses>) -> Outcome<ListPauses> {
    Ok(super::all(&it.state()))
}
