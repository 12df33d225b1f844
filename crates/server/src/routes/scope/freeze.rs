//! Freezing a scope.

use shipway_api::operations::scope::FreezeScope;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<FreezeScope>) -> Outcome<FreezeScope> {
    let planned = super::planned(&it.app.runtime.state(), &it.path.release)?;
    it.submit(Command::FreezeScope { planned: planned.clone(), at: it.body.at }).await?;
    super::shown(&it.app.runtime.state(), &planned, it.now())
}
