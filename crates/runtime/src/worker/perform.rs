//! One task from its lease to its report.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::Command;
use shipway_model::effect::{EffectKey, Outcome};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{error::Elapsed, sleep, timeout};

use crate::driver::{Driver, Task};
use crate::runtime::{Runtime, Submission, SubmitError};

/// How long a driver may take to wind up after its task was called off.
const CANCEL_GRACE: Duration = Duration::from_secs(5);
/// First wait before a report is sent again; it doubles up to [`RETRY_MAX`].
const RETRY_MIN: Duration = Duration::from_millis(50);
const RETRY_MAX: Duration = Duration::from_secs(2);

/// Performs the task and reports how it ended, unless the task is called off: then nobody asks any more.
pub(super) async fn perform_and_report(driver: Option<Arc<dyn Driver>>, task: Task) {
    let (runtime, cancelled) = (task.runtime.clone(), task.cancelled.clone());
    let (key, generation) = (task.effect.key, task.generation);
    let Some(driver) = driver else {
        let outcome = failed("no driver of this control plane performs this kind of step", false);
        return report(&runtime, key, generation, outcome).await;
    };
    let limit = task.effect.timeout;
    // On a task of its own, so that a driver's panic fails its step and nothing else.
    let mut performing = JoinSet::new();
    performing.spawn(async move { driver.perform(task).await });
    let ended = tokio::select! {
        () = cancelled.cancelled() => {
            // Dropping the set aborts what has not ended by then.
            let _ = timeout(CANCEL_GRACE, performing.join_next()).await;
            return;
        }
        ended = timeout(limit.duration(), performing.join_next()) => ended,
    };
    drop(performing);
    tokio::select! {
        () = cancelled.cancelled() => {}
        () = report(&runtime, key, generation, outcome_of(ended, limit)) => {}
    }
}

fn outcome_of(
    ended: Result<Option<Result<Outcome, JoinError>>, Elapsed>,
    limit: shipway_model::Millis,
) -> Outcome {
    match ended {
        Ok(Some(Ok(outcome))) => outcome,
        Ok(Some(Err(_)) | None) => failed("the driver broke down (a bug)", false),
        Err(_) => failed(&format!("it had not ended after {limit}"), true),
    }
}

fn failed(reason: &str, retryable: bool) -> Outcome {
    Outcome::Failed { reason: reason.to_owned(), retryable, verdict: None }
}

/// Reports until the runtime has taken it or says that nobody wants it.
async fn report(runtime: &Runtime, key: EffectKey, generation: u32, mut outcome: Outcome) {
    let mut retry = RETRY_MIN;
    loop {
        let submission = Submission {
            actor: crate::ACTOR.to_owned(),
            key: None,
            command: Command::Report { key, outcome: outcome.clone() },
            generation: Some((key, generation)),
        };
        match runtime.submit(submission).await {
            Ok(_) => return,
            Err(error @ (SubmitError::Overloaded | SubmitError::Unavailable(_) | SubmitError::Unsure(_))) => {
                tracing::warn!(effect = %key, error = %error, "a report waits to be sent again");
                sleep(retry).await;
                retry = (retry * 2).min(RETRY_MAX);
            }
            Err(error @ (SubmitError::Fenced { .. } | SubmitError::KeyReused | SubmitError::Changed)) => {
                return tracing::info!(effect = %key, error = %error, "a report came too late");
            }
            Err(error @ (SubmitError::Rejected(_) | SubmitError::Unrecordable(_))) => {
                tracing::error!(effect = %key, error = %error, "a driver's outcome was refused");
                let refused = failed(&format!("the driver's outcome was refused: {error}"), false);
                if outcome == refused {
                    return;
                }
                outcome = refused;
            }
        }
    }
}
