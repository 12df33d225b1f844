//! Asking other policies about the facts of recorded decisions.

use std::collections::HashMap;

use shipway_api::operations::decision::BacktestPolicies;
use shipway_api::view::backtest::Ending;
use shipway_engine::{Decided, State};
use shipway_model::event::End;

use crate::gates::backtest::{Asking, Backtest};
use crate::gates::{Fault, Kept};
use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<BacktestPolicies>) -> Outcome<BacktestPolicies> {
    let request = &it.body;
    let recorded: Vec<(Decided, Ending)> = {
        let state = it.state();
        let is_wanted = |decided: &&Decided| {
            decided.at >= request.since
                && request.environment.as_ref().is_none_or(|it| *it == decided.environment)
        };
        state.decisions.iter().filter(is_wanted).map(|it| (it.clone(), ending(&state, it))).collect()
    };
    let (gates, policies) = (it.app.gates.clone(), request.policies.clone());
    let testing = tokio::task::spawn_blocking(move || {
        let mut backtest = Backtest::default();
        let mut normals = HashMap::new();
        for (decided, ending) in &recorded {
            let facts = match gates.facts_kept(&decided.facts, &mut normals) {
                Ok(Kept::Whole(facts)) => facts,
                Ok(Kept::Lost) => {
                    backtest.lose();
                    continue;
                }
                Err(fault) => return Err(fault),
            };
            backtest.add(&Asking {
                rollout: decided.rollout,
                release: &decided.release,
                environment: &decided.environment,
                at: decided.at,
                ending: *ending,
                passed: decided.passes,
                requirements: &gates.ask_here(&policies, &facts),
            });
        }
        Ok::<_, Fault>(backtest.conclude())
    });
    Ok(testing.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic()))?)
}

fn ending(state: &State, decided: &Decided) -> Ending {
    match state.rollouts.summaries.get(&decided.rollout).and_then(|it| it.end.as_ref()) {
        Some(End::Succeeded { .. }) => Ending::Well,
        Some(End::RolledBack {}) => Ending::Failed,
        Some(End::Aborted { .. } | End::Cancelled { .. }) | None => Ending::Unknown,
    }
}
