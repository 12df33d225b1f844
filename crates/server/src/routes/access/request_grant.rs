//! Asking for privilege for a time.

use shipway_api::operations::access::RequestGrant;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RequestGrant>) -> Outcome<RequestGrant> {
    let mut id = it.app.runtime.new_grant_id();
    let receipt = it.submit(Command::RequestGrant { id, privilege: it.body.clone() }).await?;
    for event in &receipt.events {
        // A repeat shows the one that was asked for first.
        if let Body::GrantRequested { id: requested, .. } = event.body {
            id = requested;
        }
    }
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
