//! Adding to a scope.

use shipway_api::operations::scope::AddScopeItem;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<AddScopeItem>) -> Outcome<AddScopeItem> {
    let planned = super::planned(&it.app.runtime.state(), &it.path.release)?;
    it.submit(Command::AddItem { planned: planned.clone(), item: it.body.clone() }).await?;
    super::shown(&it.app.runtime.state(), &planned, it.now())
}
