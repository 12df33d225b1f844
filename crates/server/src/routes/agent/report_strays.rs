//! Taking reports of what no order put there.

use shipway_api::operations::agent::ReportStrays;
use shipway_engine::Command;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReportStrays>) -> Outcome<ReportStrays> {
    let host = it.path.host.clone();
    super::check_known(&it.app.runtime.state(), &host)?;
    it.submit(Command::ReportStrays { host, found: it.body.strays.clone() }).await?;
    Ok(())
}
