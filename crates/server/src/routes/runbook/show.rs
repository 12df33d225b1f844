//! One runbook.

use shipway_api::operations::runbook::ShowRunbook;

use crate::incoming::{Incoming, Outcome};
use crate::views;

pub(super) async fn handle(it: Incoming<ShowRunbook>) -> Outcome<ShowRunbook> {
    Ok(views::runbook::view(&it.state(), &it.path.runbook)?)
}
