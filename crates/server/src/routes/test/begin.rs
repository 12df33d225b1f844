//! Setting a test aside.

use shipway_api::operations::test::BeginQuarantine;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<BeginQuarantine>) -> Outcome<BeginQuarantine> {
    let mut id = it.app.runtime.new_quarantine_id();
    let receipt = it.submit(Command::BeginQuarantine { id, quarantine: it.body.clone() }).await?;
    for event in &receipt.events {
        // A repeat shows the one that was asked for first.
        if let Body::QuarantineBegun { id: begun, .. } = event.body {
            id = begun;
        }
    }
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
