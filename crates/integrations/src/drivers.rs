//! The control plane's drivers: what performs the orders that no agent performs. One file per kind, and one entry in
//! [`ALL`].
//!
//! A driver answers with an outcome in every case; a sentence in it says what failed, with the value. What it does
//! meanwhile is in the step's log.

mod analyse;
mod bake;
mod http;
mod journey;
mod route;

use std::env;
use std::sync::Arc;
use std::time::Duration;

use shipway_model::analysis::{Block, Verdict};
use shipway_model::effect::{Outcome, Success};
use shipway_runtime::SubmitError;
use shipway_runtime::driver::{Driver, Task};

use crate::history::History;
use crate::otlp::Telemetry;
use crate::outbound::Outbound;
pub use crate::spec::Spec;

/// The environment variable that holds the token of the built-in router.
pub const ROUTER_TOKEN_VARIABLE: &str = "SHIPWAY_ROUTER_TOKEN";

/// The wait before a block that could not be recorded is given again.
const RECORD_PAUSE: Duration = Duration::from_millis(500);

/// What the drivers are built with.
#[derive(Clone, Default)]
pub struct Config {
    /// The bearer token that changes at the built-in router need, if it wants one.
    pub router_token: Option<String>,
    /// What routers counted in the past, where that is kept.
    pub history: Option<History>,
    /// What is pushed as OTLP: shared with whoever receives it.
    pub telemetry: Arc<Telemetry>,
}

/// One kind of driver.
pub struct Kind {
    pub spec: Spec,
    build: fn(&Tools) -> Arc<dyn Driver>,
}

/// Every kind of driver.
pub const ALL: &[Kind] = &[analyse::KIND, bake::KIND, http::KIND, journey::KIND, route::KIND];

/// One driver of every kind.
pub fn all(config: Config) -> Vec<Arc<dyn Driver>> {
    let Config { router_token, history, telemetry } = config;
    let tools = Tools { outbound: Outbound::new(), router_token, history, telemetry };
    ALL.iter().map(|kind| (kind.build)(&tools)).collect()
}

impl Config {
    /// From the environment of the process.
    pub fn from_environment() -> Self {
        let router_token = env::var(ROUTER_TOKEN_VARIABLE).ok().filter(|it| !it.is_empty());
        Self { router_token, ..Self::default() }
    }
}

/// What drivers share.
#[derive(Clone)]
struct Tools {
    outbound: Outbound,
    router_token: Option<String>,
    history: Option<History>,
    telemetry: Arc<Telemetry>,
}

/// The outcome of `work`, or at once another one that nobody waits for, when the task is called off.
async fn unless_called_off(task: &Task, work: impl Future<Output = Outcome>) -> Outcome {
    let called_off = || failed("it was called off".to_owned(), true);
    task.cancelled.run_until_cancelled(work).await.unwrap_or_else(called_off)
}

/// How long the work on a task may take so that its driver still says itself what took too long.
fn time_limit(task: &Task) -> Duration {
    let timeout = task.effect.timeout.duration();
    timeout - (timeout / 10).min(Duration::from_secs(1))
}

/// Returns when the block is in the ledger. An error says why it never will be.
async fn record(task: &Task, block: Block, verdict: &Verdict) -> Result<(), String> {
    loop {
        match task.observe(block.clone(), verdict.clone()).await {
            Ok(()) => return Ok(()),
            Err(error @ (SubmitError::Overloaded | SubmitError::Unavailable(_) | SubmitError::Unsure(_))) => {
                task.log.line(&format!("the block waits to be recorded: {error}"));
                tokio::time::sleep(RECORD_PAUSE).await;
            }
            Err(
                error @ (SubmitError::Fenced { .. }
                | SubmitError::KeyReused
                | SubmitError::Changed
                | SubmitError::Rejected(_)
                | SubmitError::Unrecordable(_)),
            ) => return Err(format!("a block cannot be recorded: {error}")),
        }
    }
}

fn completed(summary: String) -> Outcome {
    Outcome::Succeeded { result: Success::Completed { summary } }
}

fn failed(reason: String, retryable: bool) -> Outcome {
    Outcome::Failed { reason, retryable, verdict: None }
}
