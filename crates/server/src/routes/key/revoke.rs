//! Revoking a key.

use shipway_api::operations::key::RevokeKey;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<RevokeKey>) -> Outcome<RevokeKey> {
    let key = it.path.key;
    it.submit(Command::RevokeKey { key, since: it.body.since, reason: it.body.reason.clone() }).await?;
    Ok(views::change::key(it.app.runtime.state().keys.get(&key).expect("what was revoked is known")))
}
