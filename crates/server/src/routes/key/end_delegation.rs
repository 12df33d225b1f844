//! Letting somebody speak for the caller no longer.

use shipway_api::operations::key::EndDelegation;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<EndDelegation>) -> Outcome<EndDelegation> {
    it.submit(Command::EndDelegation { to: it.body.to.clone() }).await?;
    let (state, now) = (it.app.runtime.state(), it.now());
    let actor = it.caller.actor();
    let own = state.delegations.iter().filter(|given| given.from == actor && given.to == it.body.to);
    Ok(views::page::whole(own.map(|it| views::change::delegation(it, now)).collect()))
}
