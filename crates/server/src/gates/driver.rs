//! Performs the orders that ask gates: once each, for one answer.

use std::sync::Arc;

use shipway_engine::gate;
use shipway_model::effect::{Order, Outcome, Success};
use shipway_runtime::driver::{BoxFuture, Driver, Task};

use super::{Fault, Gates, Tools, instant, policies};

/// Gives gates their say. Asking twice decides once: the second answer finds the question gone.
pub(crate) struct GateDriver(pub(crate) Arc<Gates>);

impl Driver for GateDriver {
    fn performs(&self, order: &Order) -> bool {
        matches!(order, Order::Gates { .. })
    }

    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome> {
        Box::pin(async move {
            match self.decide(&task).await {
                Ok(summary) => Outcome::Succeeded { result: Success::Completed { summary } },
                Err(outcome) => outcome,
            }
        })
    }
}

impl GateDriver {
    async fn decide(&self, task: &Task) -> Result<String, Outcome> {
        let Order::Gates { release, environment, policies: digests } = &task.effect.order else {
            return Err(failed("this asks no gates".to_owned(), false));
        };
        let runtime = task.runtime();
        let at = instant(runtime.clock().now());
        let (outline, policies, tools) = {
            let state = runtime.state();
            let policies = policies(&state, digests);
            let tools = Tools::of(&state, &policies, environment);
            (gate::outline(&state, release.id, environment, at), policies, tools)
        };
        let decided = async {
            let mut outline = outline.map_err(Fault::Rejected)?;
            self.0.look_up(&mut outline, tools).await;
            self.0.decide(&outline, digests, policies).await
        };
        let decision = decided.await.map_err(|fault| {
            let causes = std::iter::successors(std::error::Error::source(&fault), |it| it.source());
            let told = causes.fold(fault.to_string(), |told, cause| format!("{told}: {cause}"));
            failed(told, fault.is_passing())
        })?;
        let n_unmet = decision.unmet().count();
        let summary = format!("{} requirements, {n_unmet} of them unmet", decision.requirements.len());
        for it in &decision.requirements {
            task.log.line(&format!("{} {} {}", it.status.as_str(), it.gate, it.reasons.join("; ")));
        }
        match task.decide(decision).await {
            Ok(()) => Ok(summary),
            Err(error) => Err(failed(format!("what the gates said cannot be recorded: {error}"), true)),
        }
    }
}

fn failed(reason: String, retryable: bool) -> Outcome {
    Outcome::Failed { reason, retryable, verdict: None }
}
