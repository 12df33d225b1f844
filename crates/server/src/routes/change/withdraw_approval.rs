//! Taking one's words back.

use shipway_api::operations::change::WithdrawApproval;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<WithdrawApproval>) -> Outcome<WithdrawApproval> {
    let id = it.path.change;
    it.submit(Command::WithdrawApproval { id, reason: it.body.reason.clone() }).await?;
    let state = it.app.runtime.state();
    views::change::view(&state, super::find(&state, id)?, it.now()).ok_or_else(|| super::forgotten(id))
}
