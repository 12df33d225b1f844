//! Asking for a waiver.

use shipway_api::operations::waiver::RequestWaiver;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RequestWaiver>) -> Outcome<RequestWaiver> {
    let mut id = it.app.runtime.new_waiver_id();
    let receipt = it.submit(Command::RequestWaiver { id, waiver: it.body.clone() }).await?;
    for event in &receipt.events {
        // A repeat shows the one that was asked for first.
        if let Body::WaiverRequested { id: requested, .. } = event.body {
            id = requested;
        }
    }
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
