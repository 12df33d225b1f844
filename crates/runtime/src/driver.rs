//! The Driver port: what performs effects in the control plane, and what it is given.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_engine::Command;
use shipway_model::analysis::{Block, Verdict};
use shipway_model::effect::{Effect, EffectKey, Order, Outcome};
use shipway_model::resource::strategy::Analysis;
use tokio_util::sync::CancellationToken;

use crate::runtime::{Runtime, Submission, SubmitError};

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Says by the rule what the blocks so far mean.
pub type Judge = fn(&Analysis, &[Block]) -> Verdict;

/// Performs some kinds of orders.
///
/// An effect may be performed more than once, also at the same time by somebody who has lost it without knowing:
/// observe first, act only where something is missing, then confirm.
pub trait Driver: Send + Sync {
    /// Whether orders like this one are for this driver.
    fn performs(&self, order: &Order) -> bool;

    /// Performs the task's order to its end. Its timeout is kept by the caller; when `task.cancelled` fires, nobody
    /// waits for the outcome any more.
    fn perform<'a>(&'a self, task: Task) -> BoxFuture<'a, Outcome>;
}

/// One effect in a driver's hands.
pub struct Task {
    pub effect: Arc<Effect>,
    /// The lease's; goes along to whatever can be fenced by it.
    pub generation: u32,
    /// Fires when the lease is lost or the effect is no longer wanted.
    pub cancelled: CancellationToken,
    pub log: StepLog,
    pub judge: Judge,
    pub(crate) runtime: Runtime,
}

/// Where a step's output is kept. Secrets are masked before they get here.
pub trait LogSink: Send + Sync {
    /// Writes `text` at `offset`, in bytes. What is already there is not written again. Answers with the new length.
    fn append(&self, key: &EffectKey, offset: u64, text: &[u8]) -> Result<u64, LogError>;

    /// In bytes; 0 when there is no log.
    fn length(&self, key: &EffectKey) -> Result<u64, LogError>;

    /// At most `limit` bytes from `offset` on; nothing beyond the end or when there is no log.
    fn read(&self, key: &EffectKey, offset: u64, limit: usize) -> Result<Vec<u8>, LogError>;
}

/// Why a log was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    #[error("the log of {key} has {length} bytes; a piece for offset {offset} would leave a gap")]
    Gap { key: EffectKey, length: u64, offset: u64 },
    #[error("the log of {key} cannot be kept")]
    Io { key: EffectKey, source: std::io::Error },
}

/// The log of one task, written from its end on. Clones write to the same end.
#[derive(Clone)]
pub struct StepLog {
    sink: Arc<dyn LogSink>,
    key: EffectKey,
    /// Where the next piece goes.
    length: Arc<Mutex<u64>>,
}

impl Task {
    /// Records what the judge saw and said on the way. An error means that the effect is lost: end.
    pub async fn observe(&self, block: Block, verdict: Verdict) -> Result<(), SubmitError> {
        let key = self.effect.key;
        let command = Command::Observe { key, block, verdict };
        let submission = Submission {
            actor: crate::ACTOR.to_owned(),
            key: None,
            command,
            generation: Some((key, self.generation)),
        };
        self.runtime.submit(submission).await.map(|_| ())
    }
}

impl StepLog {
    /// Goes on where the log ends: an earlier holder of the effect may have written to it.
    pub(crate) fn new(sink: Arc<dyn LogSink>, key: EffectKey) -> Self {
        let length = sink.length(&key).unwrap_or(0);
        Self { sink, key, length: Arc::new(Mutex::new(length)) }
    }

    /// Writes a line.
    pub fn line(&self, text: &str) {
        self.write(format!("{text}\n").as_bytes());
    }

    /// Writes bytes as they are, masked by whoever calls. A log that cannot be kept does not fail the step; it is told
    /// to the operator instead.
    pub fn write(&self, text: &[u8]) {
        let mut length = self.length.lock().unwrap_or_else(PoisonError::into_inner);
        match self.sink.append(&self.key, *length, text) {
            Ok(new_length) => *length = new_length,
            Err(error) => tracing::warn!(effect = %self.key, error = %error, "a step's log was not written"),
        }
    }
}
