//! Showing who the caller is taken for.

use shipway_api::Code;
use shipway_api::operations::token::WhoAmI;
use shipway_api::view::token::Identity;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<WhoAmI>) -> Outcome<WhoAmI> {
    if it.past.is_none() {
        return Ok(Identity { name: it.caller.name, role: it.caller.role });
    }
    let state = it.state();
    let token = state.access.get(it.caller.token).filter(|token| token.is_valid(it.now()));
    let token = token.ok_or_else(|| {
        let detail = format!("the token of `{}` was not valid at {}", it.caller.name, it.now());
        Failure::new(Code::UnknownToken, detail)
    })?;
    Ok(Identity { name: token.name.clone(), role: token.role })
}
