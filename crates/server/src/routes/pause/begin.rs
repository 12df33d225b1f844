//! Pausing a scope.

use shipway_api::operations::pause::PauseScope;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<PauseScope>) -> Outcome<PauseScope> {
    it.submit(Command::PauseScope { scope: it.body.scope.clone(), reason: it.body.reason.clone() }).await?;
    Ok(super::all(&it.app.runtime.state()))
}
