//! Showing a decision.

use shipway_api::operations::decision::ShowDecision;
use shipway_api::view::decision::DecisionView;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ShowDecision>) -> Outcome<ShowDecision> {
    let decided = super::find(&it.state(), it.path.decision)?;
    let decision = super::whole(&it.app.runtime, &decided).await?;
    Ok(DecisionView { summary: super::summary(&decided), decision })
}
