//! Saying yes to privilege for a time.

use shipway_api::operations::access::ApproveGrant;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ApproveGrant>) -> Outcome<ApproveGrant> {
    let id = it.path.grant;
    it.submit(Command::ApproveGrant { id }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
