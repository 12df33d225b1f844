//! Performing one effect: noted before and after, given up when it takes too long or the lease is lost.

mod command;
mod place;
mod retire;
mod verify;

use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_model::Millis;
use shipway_model::effect::{Effect, Order, Outcome, Success};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::backoff::Backoff;
use crate::host::Host;
use crate::journal::{EffectRecord, Entry, JournalError, Progress};

/// Why an effect was not performed.
pub(crate) struct Failure {
    /// A sentence.
    reason: String,
    retryable: bool,
}

/// How long to go on with an effect.
pub(crate) struct Patience {
    since: Instant,
    timeout: Millis,
    lost: CancellationToken,
}

/// Performs `effect`, or goes on with it when an earlier agent began it, and notes the outcome for the report.
pub(crate) async fn perform(host: Arc<Host>, effect: Effect, lost: CancellationToken) {
    let key = effect.key;
    let begun = host.journal.read(|it| {
        matches!(it.effects.get(&key), Some(EffectRecord { progress: Progress::Begun { .. }, .. }))
    });
    info!(%key, act = word(&effect.order), again = begun, "begins");
    if !begun && let Err(fault) = host.journal.note(Entry::Begun { effect: Box::new(effect.clone()) }).await {
        // Without the note it could be done twice. The lease runs out, and the effect is handed out again.
        error!(%key, "not begun: {fault}");
        return;
    }
    let patience = Patience { since: Instant::now(), timeout: effect.timeout, lost };
    let result = match &effect.order {
        Order::Place { instance, .. } | Order::Retire { instance, .. } => {
            let turn = tokio::select! {
                turn = host.fleet.turn(instance) => Ok(turn),
                failure = patience.ends() => Err(failure),
            };
            match turn {
                Ok(_turn) => change(&host, &effect, &patience).await,
                Err(failure) => Err(failure),
            }
        }
        Order::Verify { instance } => verify::verify(&host, instance, &patience).await,
        Order::Command { environment, command, artifact, .. } => {
            command::run(&host, &key, environment, command, *artifact, patience).await
        }
        Order::Route { .. }
        | Order::Bake { .. }
        | Order::Analyse { .. }
        | Order::Watch { .. }
        | Order::Http { .. }
        | Order::Journey { .. }
        | Order::Gates { .. } => {
            Err(Failure::for_good(format!("`{}` is not performed by agents", word(&effect.order))))
        }
    };
    match &result {
        Ok(_) => info!(%key, act = word(&effect.order), "done"),
        Err(failure) => warn!(%key, act = word(&effect.order), "failed: {}", failure.reason),
    }
    host.journal.note_past(Entry::Ended { key, outcome: outcome(result) }).await;
    host.to_report.notify_one();
    if matches!(effect.order, Order::Command { .. }) {
        command::tidy(&host, &key);
    }
}

/// Changes what runs here.
async fn change(host: &Arc<Host>, effect: &Effect, patience: &Patience) -> Result<Success, Failure> {
    match &effect.order {
        Order::Place { instance, artifact, contract } => {
            place::place(host, instance, *artifact, contract, effect.key.rollout, patience).await
        }
        Order::Retire { instance, contract } => {
            retire::retire(host, instance, contract.drain, patience).await
        }
        _ => unreachable!("only these change an instance"),
    }
}

fn outcome(result: Result<Success, Failure>) -> Outcome {
    match result {
        Ok(result) => Outcome::Succeeded { result },
        Err(Failure { reason, retryable }) => Outcome::Failed { reason, retryable, verdict: None },
    }
}

/// Waits while the control plane, where artifacts come from, cannot be reached: that is no fault of the effect. How long
/// is bounded by the effect's patience.
struct CutOff(Backoff);

impl CutOff {
    fn of(host: &Host) -> Self {
        Self(Backoff::of_calls(host.name.as_str()))
    }

    async fn wait(&mut self, fault: impl Display) {
        let delay = self.0.next();
        warn!("{fault}; trying again after {delay:?}");
        sleep(delay).await;
    }
}

impl Failure {
    /// Another attempt may go better.
    fn for_now(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), retryable: true }
    }

    fn for_good(reason: impl ToString) -> Self {
        Self { reason: reason.to_string(), retryable: false }
    }
}

impl From<JournalError> for Failure {
    fn from(fault: JournalError) -> Self {
        Self::for_now(fault)
    }
}

impl Patience {
    /// Comes when the effect is to be given up, with the reason.
    async fn ends(&self) -> Failure {
        let left = self.timeout.duration().saturating_sub(self.since.elapsed());
        tokio::select! {
            () = sleep(left) => Failure::for_now(format!("not done within {}", self.timeout)),
            failure = self.is_lost() => failure,
        }
    }

    /// Comes when nobody wants the effect any more.
    async fn is_lost(&self) -> Failure {
        self.lost.cancelled().await;
        Failure::for_now("given up: the control plane took the lease back, or wants something else by now")
    }

    /// Counts time that passed under an earlier agent.
    fn began_before(mut self, age: Duration) -> Self {
        self.since = self.since.checked_sub(age).unwrap_or(self.since);
        self
    }
}

const fn word(order: &Order) -> &'static str {
    match order {
        Order::Place { .. } => "place",
        Order::Retire { .. } => "retire",
        Order::Verify { .. } => "verify",
        Order::Command { .. } => "command",
        Order::Route { .. } => "route",
        Order::Bake { .. } => "bake",
        Order::Analyse { .. } => "analyse",
        Order::Watch { .. } => "watch",
        Order::Http { .. } => "http",
        Order::Journey { .. } => "journey",
        Order::Gates { .. } => "gates",
    }
}
