//! Reading the facts document.

use shipway_api::operations::gate::ReadFacts;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ReadFacts>) -> Outcome<ReadFacts> {
    let outline = super::outline(&it.state(), &it.path.release, &it.query.environment, it.now())?;
    Ok(it.app.gates.fill(&outline).await?)
}
