//! Letting something in after the freeze.

use shipway_api::Code;
use shipway_api::operations::scope::ApproveLateItem;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<ApproveLateItem>) -> Outcome<ApproveLateItem> {
    let id = it.path.late;
    it.submit(Command::ApproveLate { id }).await?;
    let state = it.app.runtime.state();
    let late = state.scopes.late(id);
    let late = late.ok_or_else(|| Failure::new(Code::UnknownLateItem, format!("there is no {id}")))?;
    super::shown(&state, &late.late.planned, it.now())
}
