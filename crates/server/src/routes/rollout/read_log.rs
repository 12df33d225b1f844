//! Reading what a step printed.

use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use shipway_api::Code;
use shipway_api::operations::rollout::ReadStepLog;
use shipway_model::effect::{Direction, EffectKey};
use shipway_runtime::driver::{LogError, LogSink};
use shipway_runtime::log_store::READ_BYTES_MAX;

use crate::app::App;
use crate::incoming::{Incoming, Outcome};
use crate::problem;
use crate::problem::Failure;

/// Attempts among which the latest is looked for: the retries that a pipeline may declare and a person's own.
const ATTEMPTS_MAX: u32 = 50;

pub(super) async fn handle(it: Incoming<ReadStepLog>) -> Outcome<ReadStepLog> {
    let (rollout, step) = (it.path.rollout, it.path.step);
    let shown = super::shown(&it.app, None, rollout).await?;
    if !shown.steps.iter().any(|known| known.id == step) {
        let detail = format!("rollout {rollout} has no step {step}");
        return Err(Failure::new(Code::UnknownStep, detail));
    }
    let direction = it.query.direction.unwrap_or(Direction::Do);
    let first = EffectKey { rollout, step, direction, attempt: it.query.attempt.unwrap_or(1) };
    let (logs, offset, given) = (it.app.logs.clone(), it.query.offset.unwrap_or(0), it.query.attempt);
    let read = tokio::task::spawn_blocking(move || {
        let key = if given.is_some() { first } else { latest_of(logs.as_ref(), first)? };
        logs.read(&key, offset, READ_BYTES_MAX)
    });
    let text = read.await.map_err(|error| problem::internal(&error))??;
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], text).into_response())
}

/// The end of what the last attempt printed, at most `bytes_max` of it.
pub(crate) async fn latest(app: &App, first: EffectKey, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let logs = app.logs.clone();
    let read = tokio::task::spawn_blocking(move || {
        let key = latest_of(logs.as_ref(), first)?;
        let start = logs.length(&key)?.saturating_sub(bytes_max as u64);
        logs.read(&key, start, bytes_max)
    });
    Ok(read.await.map_err(|error| problem::internal(&error))??)
}

/// The last attempt that printed anything.
fn latest_of(logs: &dyn LogSink, first: EffectKey) -> Result<EffectKey, LogError> {
    let mut latest = first;
    for attempt in 2..=ATTEMPTS_MAX {
        let key = EffectKey { attempt, ..first };
        if logs.length(&key)? > 0 {
            latest = key;
        }
    }
    Ok(latest)
}
