//! Access tokens.

use shipway_api::operations::token::{IssueToken, ListTokens, RevokeToken, WhoAmI};
use shipway_api::view::token::TokenView;
use shipway_engine::Token;

use crate::router::Routes;

mod issue;
mod list;
mod revoke;
mod who_am_i;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<IssueToken, _, _>(issue::handle)
        .add::<ListTokens, _, _>(list::handle)
        .add::<RevokeToken, _, _>(revoke::handle)
        .add::<WhoAmI, _, _>(who_am_i::handle)
}

pub(super) fn view(token: &Token) -> TokenView {
    TokenView {
        id: token.id,
        name: token.name.clone(),
        role: token.role,
        issued_at: token.issued,
        issued_by: token.issued_by.clone(),
        expires: token.expires,
        scope: token.scope.clone(),
        signed_in: token.account.is_some(),
    }
}
