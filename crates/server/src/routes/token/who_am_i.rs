//! Showing who the caller is taken for.

use shipway_api::Code;
use shipway_api::operations::token::WhoAmI;
use shipway_api::view::token::Identity;
use shipway_engine::State;
use shipway_model::TokenId;
use shipway_model::event::Role;

use crate::incoming::{Incoming, Outcome};
use crate::problem::Failure;

pub(super) async fn handle(it: Incoming<WhoAmI>) -> Outcome<WhoAmI> {
    if it.past.is_none() {
        return Ok(identity(&it.state(), &it.caller.name, it.caller.role, it.caller.token));
    }
    let state = it.state();
    let token = state.access.get(it.caller.token).filter(|token| token.is_valid(it.now()));
    let token = token.ok_or_else(|| {
        let detail = format!("the token of `{}` was not valid at {}", it.caller.name, it.now());
        Failure::new(Code::UnknownToken, detail)
    })?;
    Ok(identity(&state, &token.name, token.role, token.id))
}

fn identity(state: &State, name: &str, role: Role, token: TokenId) -> Identity {
    let token = state.access.get(token);
    let account = token.and_then(|it| state.access.accounts.get(it.account?));
    Identity {
        name: name.to_owned(),
        role,
        person: state.access.person(name).cloned(),
        must_change_password: account.is_some_and(|it| it.must_change_password()),
        scope: token.and_then(|it| it.scope.clone()),
    }
}
