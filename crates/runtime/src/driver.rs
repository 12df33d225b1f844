//! The Driver port: what performs effects in the control plane, and what it is given.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use shipway_engine::Command;
use shipway_engine::rollout::track::Track;
use shipway_model::analysis::{Block, Verdict};
use shipway_model::effect::{Effect, EffectKey, Order, Outcome};
use shipway_model::event::{Body, Event, Stream};
use shipway_model::gate::Decision;
use shipway_model::resource::strategy::Analysis;
use tokio_util::sync::CancellationToken;

use crate::runtime::{RECORDS_MAX, Runtime, Submission, SubmitError};
use crate::store::StoreError;

pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Opens an analysis by a rule. An error says why the rule cannot be followed.
pub type Judge = fn(&Analysis) -> Result<Box<dyn Judging>, String>;

/// An analysis under way: takes blocks in their order and says what they mean.
pub trait Judging: Send {
    /// Takes in the next block. One that makes no sense changes nothing but the reasons.
    fn take(&mut self, block: &Block);

    /// What the blocks so far say.
    fn assess(&self) -> Assessment;

    /// What they say when nothing else comes.
    fn conclude(&self) -> Verdict {
        self.assess().verdict
    }
}

/// A verdict, and whether it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    pub verdict: Verdict,
    /// Whatever else comes, it says the same.
    pub is_final: bool,
}

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
    /// What was recorded on the way so far, by this holder of the effect and by those before.
    pub fn track(&self) -> Track {
        let key = self.effect.key;
        let state = self.runtime.state();
        let step = state.rollouts.live.get(&key.rollout).and_then(|it| it.step(key.step));
        step.map(|it| it.track.clone()).unwrap_or_default()
    }

    /// The ledger, to read what the order is about.
    pub fn runtime(&self) -> &Runtime {
        &self.runtime
    }

    /// Records what gates said, which ends the step or leaves it waiting. An error means that it was not recorded.
    pub async fn decide(&self, decision: Decision) -> Result<(), SubmitError> {
        let (key, id) = (self.effect.key, self.runtime.new_decision_id());
        self.submit(Command::Decide { key, id, decision }).await
    }

    /// Gives every block that was recorded so far to `each`, in their order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn replay(&self, mut each: impl FnMut(Block)) -> Result<(), StoreError> {
        let (id, wanted) = (self.effect.key.rollout, self.effect.key.step);
        let stream = Stream::Rollout(id);
        let mut next = 0;
        loop {
            let records = self.runtime.stream(&stream, next, RECORDS_MAX).await?;
            let Some(last) = records.last() else { return Ok(()) };
            next = last.position + 1;
            for record in &records {
                let event = Event::read(&record.bytes).map_err(|it| StoreError::Damaged(it.to_string()))?;
                match event.body {
                    Body::StepObserved { step, block, .. } if step == wanted => each(*block),
                    _ => {}
                }
            }
        }
    }

    /// Records what the judge saw and said on the way. An error means that the effect is lost: end.
    pub async fn observe(&self, block: Block, verdict: Verdict) -> Result<(), SubmitError> {
        self.submit(Command::Observe { key: self.effect.key, block, verdict }).await
    }

    /// As whoever holds the effect.
    async fn submit(&self, command: Command) -> Result<(), SubmitError> {
        let submission = Submission {
            actor: crate::ACTOR.to_owned(),
            key: None,
            command,
            generation: Some((self.effect.key, self.generation)),
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
