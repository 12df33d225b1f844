//! Moving something out of a scope.

use shipway_api::operations::scope::DeferScopeItem;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<DeferScopeItem>) -> Outcome<DeferScopeItem> {
    let planned = super::planned(&it.app.runtime.state(), &it.path.release)?;
    let (item, to, reason) = (it.path.item.clone(), it.body.to.clone(), it.body.reason.clone());
    it.submit(Command::DeferItem { planned: planned.clone(), item, to, reason }).await?;
    super::shown(&it.app.runtime.state(), &planned, it.now())
}
