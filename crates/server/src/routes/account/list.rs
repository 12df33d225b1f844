//! Listing the accounts.

use shipway_api::Page;
use shipway_api::operations::account::ListAccounts;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListAccounts>) -> Outcome<ListAccounts> {
    let state = it.state();
    let items = state.access.accounts.iter().map(|account| super::view(&state, account)).collect();
    Ok(Page { items, next: None })
}
