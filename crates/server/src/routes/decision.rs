//! What gates said.

use std::sync::Arc;

use shipway_api::Code;
use shipway_api::operations::decision::{BacktestPolicies, ListDecisions, ReplayDecision, ShowDecision};
use shipway_api::view::decision::DecisionSummary;
use shipway_engine::{Decided, State};
use shipway_model::DecisionId;
use shipway_model::event::{Body, Stream};
use shipway_model::gate::Decision;
use shipway_runtime::{RECORDS_MAX, Runtime};

use crate::problem::Failure;
use crate::router::Routes;

mod backtest;
mod differences;
mod list;
mod replay;
mod show;

pub(super) fn add(routes: Routes) -> Routes {
    routes
        .add::<ListDecisions, _, _>(list::handle)
        .add::<ShowDecision, _, _>(show::handle)
        .add::<ReplayDecision, _, _>(replay::handle)
        .add::<BacktestPolicies, _, _>(backtest::handle)
}

fn summary(it: &Decided) -> DecisionSummary {
    DecisionSummary {
        id: it.id,
        rollout: it.rollout,
        step: it.step,
        attempt: it.attempt,
        release: it.release.clone(),
        environment: it.environment.clone(),
        at: it.at,
        passes: it.passes,
        n_unmet: it.n_unmet,
        facts: it.facts,
        result: it.result,
    }
}

fn find(state: &State, id: DecisionId) -> Result<Decided, Failure> {
    state.decisions.get(id).cloned().ok_or_else(|| {
        Failure::new(Code::UnknownDecision, format!("there is no decision {id}"))
            .hint("`shipway decision list` shows those there are")
    })
}

/// The whole decision, from its rollout's events.
async fn whole(runtime: &Runtime, decided: &Decided) -> Result<Decision, Failure> {
    let mut from = 0;
    loop {
        let records = runtime.stream(&Stream::Rollout(decided.rollout), from, RECORDS_MAX).await?;
        for event in runtime.open_records(&records).await? {
            match event.body {
                Body::GateDecided { decision_id, decision, .. } if decision_id == decided.id => {
                    return Ok(Arc::unwrap_or_clone(decision));
                }
                _ => {}
            }
        }
        match records.last() {
            Some(last) if records.len() == RECORDS_MAX => from = last.position + 1,
            _ => {
                let detail = format!("the ledger has no decision {} in its rollout", decided.id);
                return Err(Failure::new(Code::UnknownDecision, detail));
            }
        }
    }
}
