//! Asking for an exception.

use shipway_api::operations::calendar::RequestException;
use shipway_engine::Command;
use shipway_model::event::Body;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RequestException>) -> Outcome<RequestException> {
    let mut id = it.app.runtime.new_exception_id();
    let receipt = it.submit(Command::RequestException { id, exception: it.body.clone() }).await?;
    for event in &receipt.events {
        // A repeat shows the one that was asked for first.
        if let Body::ExceptionRequested { id: requested, .. } = event.body {
            id = requested;
        }
    }
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
