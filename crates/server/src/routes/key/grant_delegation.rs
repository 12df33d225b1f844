//! Letting somebody speak for the caller.

use shipway_api::operations::key::GrantDelegation;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<GrantDelegation>) -> Outcome<GrantDelegation> {
    let (to, until, reason) = (it.body.to.clone(), it.body.until, it.body.reason.clone());
    it.submit(Command::GrantDelegation { to, until, reason }).await?;
    let (state, now) = (it.app.runtime.state(), it.now());
    let actor = it.caller.actor();
    let own = state.delegations.iter().filter(|given| given.from == actor && given.to == it.body.to);
    Ok(views::change::delegation(own.last().expect("what was granted is known"), now))
}
