//! Ending a scope's pause.

use shipway_api::operations::pause::ResumeScope;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ResumeScope>) -> Outcome<ResumeScope> {
    it.submit(Command::ResumeScope { scope: it.body.scope.clone() }).await?;
    Ok(super::all(&it.app.runtime.state()))
}
