//! Asking to let something in after the freeze.

use shipway_api::operations::scope::RequestLateItem;
use shipway_engine::Command;
use shipway_model::scope::LateItem;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<RequestLateItem>) -> Outcome<RequestLateItem> {
    let planned = super::planned(&it.app.runtime.state(), &it.path.release)?;
    let (item, reason) = (it.body.item.clone(), it.body.reason.clone());
    let late = LateItem { planned: planned.clone(), item, reason };
    it.submit(Command::RequestLate { id: it.app.runtime.new_late_id(), late }).await?;
    super::shown(&it.app.runtime.state(), &planned, it.now())
}
