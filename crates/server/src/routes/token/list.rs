//! Listing the tokens that are valid.

use shipway_api::operations::token::ListTokens;

use crate::incoming::{Incoming, Outcome};
use crate::views::page::Cut;

pub(super) async fn handle(it: Incoming<ListTokens>) -> Outcome<ListTokens> {
    let now = it.now();
    let state = it.state();
    let valid = state.access.tokens().filter(|token| token.is_valid(now));
    let cut = Cut::new(it.query.cursor.as_deref(), it.query.limit);
    cut.page(valid, |token| token.id.to_string(), super::view)
}
