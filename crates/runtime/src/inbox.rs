//! What waits for the writer: requests in their order, the batch that was written, and the word to stop.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::kernel::{Reply, Request};

/// Requests that may wait. At some thousand a second this is a second's worth; more would only wait in vain.
pub(crate) const WAITING_MAX: usize = 4096;

/// A request and where its answer goes.
pub(crate) struct Ask {
    pub(crate) request: Request,
    pub(crate) reply: oneshot::Sender<Reply>,
}

/// Why a request was not taken.
pub(crate) enum Refusal {
    Full,
    Closed,
}

/// `W` is what comes back from writing.
pub(crate) struct Inbox<W> {
    content: Mutex<Content<W>>,
    arrived: Condvar,
}

struct Content<W> {
    asks: VecDeque<Ask>,
    written: Option<W>,
    /// Others have written to the store.
    has_moved: bool,
    phase: Phase,
    /// Somebody is to be woken; waking nobody costs a system call too.
    is_awaited: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Open,
    /// Takes no more asks.
    Stopping,
    /// The other end knows that.
    StopTaken,
    /// The thread at the other end is gone.
    Closed,
}

/// What was there.
pub(crate) struct Taken<W> {
    pub(crate) asks: Vec<Ask>,
    pub(crate) written: Option<W>,
    /// Others may have written to the store.
    pub(crate) has_moved: bool,
    /// Nothing is accepted any more; what had been accepted is still to be taken.
    pub(crate) stopping: bool,
    /// The thread at the other end is gone.
    pub(crate) closed: bool,
}

/// Closes the inbox when the thread that empties it ends, also by a panic: nobody waits for an answer in vain.
pub(crate) struct ClosesInbox<W>(pub(crate) Arc<Inbox<W>>);

impl<W> Inbox<W> {
    pub(crate) fn new() -> Self {
        let content = Content {
            asks: VecDeque::new(),
            written: None,
            has_moved: false,
            phase: Phase::Open,
            is_awaited: false,
        };
        Self { content: Mutex::new(content), arrived: Condvar::new() }
    }

    pub(crate) fn ask(&self, ask: Ask) -> Result<(), Refusal> {
        let mut content = self.content();
        if content.phase != Phase::Open {
            return Err(Refusal::Closed);
        }
        if content.asks.len() >= WAITING_MAX {
            return Err(Refusal::Full);
        }
        content.asks.push_back(ask);
        self.wake(content);
        Ok(())
    }

    pub(crate) fn written(&self, written: W) {
        let mut content = self.content();
        content.written = Some(written);
        self.wake(content);
    }

    /// Others may have written to the store.
    pub(crate) fn moved(&self) {
        let mut content = self.content();
        content.has_moved = true;
        self.wake(content);
    }

    /// Whether somebody waits to be taken.
    pub(crate) fn has_asks(&self) -> bool {
        !self.content().asks.is_empty()
    }

    pub(crate) fn stop(&self) {
        let mut content = self.content();
        if content.phase == Phase::Open {
            content.phase = Phase::Stopping;
        }
        self.wake(content);
    }

    /// Waits for something that can be taken, at most until `until`, then takes it, with at most `max` asks.
    pub(crate) fn take(&self, max: usize, until: Option<Instant>) -> Taken<W> {
        let mut content = self.content();
        let has_something = |it: &Content<W>| {
            let can_take_asks = max > 0 && !it.asks.is_empty();
            can_take_asks
                || it.has_moved
                || it.written.is_some()
                || matches!(it.phase, Phase::Stopping | Phase::Closed)
        };
        while !has_something(&content) {
            let left = until.map(|it| it.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                break;
            }
            content.is_awaited = true;
            content = match left {
                Some(left) => {
                    self.arrived.wait_timeout(content, left).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.arrived.wait(content).unwrap_or_else(PoisonError::into_inner),
            };
            content.is_awaited = false;
        }
        if content.phase == Phase::Stopping {
            content.phase = Phase::StopTaken;
        }
        let n_asks = content.asks.len().min(max);
        Taken {
            asks: content.asks.drain(..n_asks).collect(),
            written: content.written.take(),
            has_moved: std::mem::take(&mut content.has_moved),
            stopping: content.phase != Phase::Open && content.asks.is_empty(),
            closed: content.phase == Phase::Closed,
        }
    }

    /// Takes nothing any more. What waits gets no answer.
    fn close(&self) {
        let mut content = self.content();
        content.phase = Phase::Closed;
        content.asks.clear();
        self.wake(content);
    }

    fn wake(&self, content: MutexGuard<'_, Content<W>>) {
        let is_awaited = content.is_awaited;
        drop(content);
        if is_awaited {
            self.arrived.notify_one();
        }
    }

    fn content(&self) -> MutexGuard<'_, Content<W>> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<W> Drop for ClosesInbox<W> {
    fn drop(&mut self) {
        self.0.close();
    }
}
