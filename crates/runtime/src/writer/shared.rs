//! The writer where several control planes share the store: it locks the ledger's end, folds what the others have
//! appended, and only then takes what waits, decides and appends. Whatever is decided is so decided on the newest state,
//! and a batch is whatever came while the lock was somebody else's.

use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use super::{Answered, BATCH_MAX, REFUSED_PAUSE, Turn, WAKE_CHECK_MAX, Written, refuse, reply, until};
use crate::clock::Clock;
use crate::inbox::{Ask, Inbox};
use crate::kernel::{Kernel, Request, spoken_for};
use crate::runtime::SubmitError;
use crate::sharing::Sharing;
use crate::store::{AppendError, Store};

/// Decides and writes. [`super::start`] gives it a thread; a simulation takes its turns one by one.
pub(crate) struct SharedWriter {
    kernel: Kernel,
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox<Written>>,
    refused_at: Option<Timestamp>,
    is_stopping: bool,
}

/// Why nothing that was asked is done.
struct Refused(SubmitError);

impl SharedWriter {
    pub(crate) fn new(
        kernel: Kernel,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox<Written>>,
    ) -> Self {
        Self { kernel, store, clock, inbox, refused_at: None, is_stopping: false }
    }

    pub(super) fn run(mut self) {
        while self.turn(self.wait_until()) == Turn::GoesOn {}
    }

    /// Takes what waits, or waits for something until `until`, and does what can be done about it.
    pub(crate) fn turn(&mut self, until: Option<Instant>) -> Turn {
        let taken = self.inbox.take(BATCH_MAX, until);
        self.is_stopping = taken.stopping || taken.closed;
        if !taken.asks.is_empty() || self.is_due() {
            self.write(taken.asks);
        } else if taken.has_moved && self.kernel.outrun().is_none() {
            self.follow();
        }
        if self.is_stopping { Turn::Ended } else { Turn::GoesOn }
    }

    /// When there is something to do without anybody asking, by the ledger's clock.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        let due = self.kernel.wake_at().filter(|_| self.kernel.outrun().is_none())?;
        Some(self.rests_until().map_or(due, |it| it.max(due)))
    }

    fn wait_until(&self) -> Option<Instant> {
        let due_in = until(self.wake_at()?, self.clock.now()).min(WAKE_CHECK_MAX);
        Some(Instant::now() + due_in)
    }

    fn is_due(&self) -> bool {
        self.wake_at().is_some_and(|at| at <= self.clock.now())
    }

    /// After the store refused a batch, until when nothing is tried on the writer's own account.
    fn rests_until(&self) -> Option<Timestamp> {
        // A clock that was set back meanwhile says nothing of how long ago that was.
        let refused_at = self.refused_at.filter(|it| *it <= self.clock.now())?;
        refused_at.checked_add(REFUSED_PAUSE).ok()
    }

    /// Shows what others have appended.
    fn follow(&mut self) {
        let followed = self.sharing().head().map_err(|error| error.to_string());
        let followed = followed.and_then(|it| self.kernel.follow(it).map_err(|error| error.to_string()));
        if let Err(reason) = followed {
            tracing::warn!(reason, "what others have written cannot be read");
        }
    }

    /// Decides and appends what is asked and due.
    fn write(&mut self, mut asks: Vec<Ask>) {
        if let Some(why) = self.kernel.outrun() {
            // The lock is left to those who can use it.
            self.sharing().unlock();
            return refuse(asks.into_iter(), &SubmitError::Unavailable(why.to_string()));
        }
        if let Err(Refused(error)) = self.prepare(&mut asks) {
            self.sharing().unlock();
            return self.refuse(asks, &error);
        }
        let mut draft = self.kernel.draft(self.clock.now());
        let answered: Vec<_> = asks
            .into_iter()
            .map(|ask| Answered { answer: self.kernel.answer(&mut draft, &ask.request), ask })
            .collect();
        let Some(sealed) = self.kernel.seal(draft) else {
            self.sharing().unlock();
            return reply(answered);
        };
        // Those who wait already need not wait for another way to the store. Forgetting takes long, and nobody else may be kept
        // from writing meanwhile.
        if self.inbox.has_asks() && !sealed.erases() {
            self.sharing().lock_again();
        }
        let refused = match self.store.append(sealed.batch()) {
            Ok(()) => {
                let erases = sealed.erases();
                self.kernel.commit(sealed);
                self.refused_at = None;
                if erases {
                    self.kernel.forget_erased();
                }
                return reply(answered);
            }
            Err(AppendError::Stale) => SubmitError::Unavailable("the lock was lost".to_owned()),
            Err(AppendError::Unavailable(reason)) => SubmitError::Unavailable(reason),
            Err(AppendError::Unsure(reason)) => {
                // Nobody is told of their own appends: if this one was written, it is seen by looking.
                self.inbox.moved();
                SubmitError::Unsure(reason)
            }
        };
        self.kernel.abandon(sealed);
        self.sharing().unlock();
        self.refuse(answered.into_iter().map(|it| it.ask).collect(), &refused);
    }

    /// Locks the ledger's end, knows what is there, and takes what has come meanwhile.
    fn prepare(&mut self, asks: &mut Vec<Ask>) -> Result<(), Refused> {
        let stored = self.sharing().lock().map_err(unavailable)?;
        if self.kernel.is_behind(&stored) {
            self.kernel.follow(stored).map_err(unavailable)?;
        }
        let room = BATCH_MAX.saturating_sub(asks.len());
        let more = self.inbox.take(room, Some(Instant::now()));
        self.is_stopping |= more.stopping || more.closed;
        asks.extend(more.asks);
        let reported: Vec<_> = asks.iter().filter_map(|it| reported(&it.request)).collect();
        if !reported.is_empty() {
            let held = self.sharing().hold(&reported).map_err(unavailable)?;
            self.kernel.know_generations(&held);
        }
        Ok(())
    }

    fn refuse(&mut self, asks: Vec<Ask>, error: &SubmitError) {
        tracing::error!(%error, requests = asks.len(), "a batch was not written");
        self.refused_at = Some(self.clock.now());
        refuse(asks.into_iter(), error);
    }

    fn sharing(&mut self) -> &mut dyn Sharing {
        self.store.sharing().expect("a store that was shared stays so")
    }
}

/// The effect for which somebody speaks who says to hold it.
fn reported(request: &Request) -> Option<shipway_model::effect::EffectKey> {
    match request {
        Request::Submit(it, _) => spoken_for(&it.command),
        Request::Lease(_) => None,
    }
}

fn unavailable(error: impl std::error::Error) -> Refused {
    Refused(SubmitError::Unavailable(error.to_string()))
}
