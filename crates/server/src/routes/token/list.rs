//! Listing the tokens that are valid.

use shipway_api::operations::token::ListTokens;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ListTokens>) -> Outcome<ListTokens> {
    let now = it.app.runtime.clock().now();
    let state = it.app.runtime.state();
    let valid = state.access.tokens().filter(|token| token.is_valid(now));
    let items = valid.map(|token| (token.id.to_string(), super::view(token)));
    Ok(views::page::page(items, it.query.cursor.as_deref(), it.query.limit))
}
