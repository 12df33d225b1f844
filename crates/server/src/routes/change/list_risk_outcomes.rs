//! What came of changes whose risk was assessed.

use shipway_api::operations::change::ListRiskOutcomes;
use shipway_api::page::Page;
use shipway_api::view::risk::RiskOutcome;
use shipway_model::event::End;

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListRiskOutcomes>) -> Outcome<ListRiskOutcomes> {
    let state = it.state();
    let mut outcomes: Vec<RiskOutcome> = state
        .changes
        .iter()
        .filter_map(|case| {
            let summary = state.rollouts.summaries.get(&case.change.rollout)?;
            let failed = match summary.end.as_ref()? {
                End::Succeeded { .. } => false,
                End::RolledBack {} | End::Aborted { .. } => true,
                // It never began, so nothing came of it.
                End::Cancelled { .. } => return None,
            };
            let risk = &case.change.risk;
            Some(RiskOutcome {
                change: case.id,
                environment: case.change.protected.clone(),
                ended: summary.ended?,
                score: risk.score,
                // A factor without weight left no trace of its share.
                shares: risk
                    .factors
                    .iter()
                    .filter_map(|it| Some((it.factor, (it.points * 1000).checked_div(it.of)?)))
                    .collect(),
                failed,
            })
        })
        .filter(|outcome| it.query.since.is_none_or(|since| outcome.ended >= since))
        .collect();
    outcomes.sort_by_key(|it| (it.ended, it.change));
    Ok(Page { items: outcomes, next: None })
}
