//! Showing the ledger's size, root and checkpoint.

use shipway_api::operations::ledger::ShowLedgerHead;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowLedgerHead>) -> Outcome<ShowLedgerHead> {
    Ok(super::head(&it))
}
