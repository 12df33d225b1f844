//! Ending privilege before its time.

use shipway_api::Code;
use shipway_api::operations::access::EndGrant;
use shipway_engine::Command;
use shipway_model::event::Role;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<EndGrant>) -> Outcome<EndGrant> {
    let id = it.path.grant;
    let is_own = {
        let state = it.state();
        let grant = state.access.grants.get(id);
        grant.is_none_or(|grant| state.access.is_same_person(&grant.requested_by, &it.caller.actor()))
    };
    if !is_own && it.caller.role != Role::Admin {
        let detail = format!("grant {id} is another's, and {} is no admin", it.caller.name);
        return Err(Failure::new(Code::Forbidden, detail).hint("its holder or an admin can end it"));
    }
    it.submit(Command::EndGrant { id, reason: it.body.reason.clone() }).await?;
    Ok(super::shown(&it.app.runtime.state(), id, it.now()))
}
