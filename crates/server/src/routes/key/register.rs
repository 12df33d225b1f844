//! Registering a key that the caller signs with.

use shipway_api::operations::key::RegisterKey;
use shipway_engine::Command;
use shipway_engine::key::ssh;
use shipway_model::approval::PublicKey;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<RegisterKey>) -> Outcome<RegisterKey> {
    let mut key = it.body.clone();
    if let PublicKey::Ssh { line } = &mut key.public {
        // The comment is often a person's name, and stays out of the ledger.
        *line = ssh::without_comment(line).unwrap_or_else(|_| std::mem::take(line));
    }
    let id = key.id;
    it.submit(Command::RegisterKey { key }).await?;
    Ok(views::change::key(it.app.runtime.state().keys.get(&id).expect("what was registered is known")))
}
