//! Ending a quarantine before its time.

use shipway_api::operations::test::EndQuarantine;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<EndQuarantine>) -> Outcome<EndQuarantine> {
    let id = it.path.quarantine;
    it.submit(Command::EndQuarantine { id, reason: it.body.reason.clone() }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
