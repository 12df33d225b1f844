//! The writer: one thread that owns the kernel and decides, and one that writes.
//!
//! While a batch is being written, the next one is decided on top of it; when the first is durable its requests are
//! answered and the next is handed over. So a batch is whatever came while the disk was busy, and nobody waits for
//! company. When a batch is not written, neither is what was decided on top of it.
//!
//! Where several control planes share the store, `shared.rs` does the same under the store's lock, without deciding
//! ahead.

pub(crate) mod shared;

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::clock::Clock;
use crate::inbox::{Ask, ClosesInbox, Inbox};
use crate::kernel::{Draft, Kernel, Reply, Request, Sealed};
use crate::runtime::SubmitError;
use crate::store::{AppendError, Store};

/// Requests in one durable batch. Above this, a batch only makes its first request wait longer.
const BATCH_MAX: usize = 256;
/// The clock is looked at this often while something is due later, in case it is set forward.
const WAKE_CHECK_MAX: Duration = Duration::from_secs(1);
/// After the store refused a batch, nothing is tried on the writer's own account for this long.
const REFUSED_PAUSE: Duration = Duration::from_millis(250);
/// How often a batch is decided again in a row because others wrote to the same store first.
const STALE_MAX: u32 = 8;

/// A batch with the store that is to write it, and what came of that.
pub(crate) struct Written {
    store: Box<dyn Store>,
    sealed: Sealed,
    result: Result<(), AppendError>,
}

/// A batch on its way to the disk.
pub(crate) type Job = (Box<dyn Store>, Sealed);

/// Starts the threads. They end when the inbox is told to stop.
pub(crate) fn start(
    kernel: Kernel,
    store: Box<dyn Store>,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox<Written>>,
) -> JoinHandle<()> {
    let mut store = store;
    if store.sharing().is_some() {
        return spawn("shipway-writer", move || {
            let _closes = ClosesInbox(inbox.clone());
            shared::SharedWriter::new(kernel, store, clock, inbox).run();
        });
    }
    let (to_disk, jobs) = sync_channel(1);
    let disk = spawn("shipway-disk", {
        let inbox = inbox.clone();
        move || write_batches(&jobs, inbox)
    });
    spawn("shipway-writer", move || {
        let closes = ClosesInbox(inbox.clone());
        Writer::new(kernel, store, clock, inbox, to_disk).run();
        drop(closes);
        if let Err(panic) = disk.join() {
            std::panic::resume_unwind(panic);
        }
    })
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> JoinHandle<()> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(run);
    thread.expect("the operating system gives the process one more thread")
}

/// Writes one batch after another.
fn write_batches(jobs: &Receiver<Job>, inbox: Arc<Inbox<Written>>) {
    // A store that panics must not leave everybody waiting.
    let closes = ClosesInbox(inbox);
    while let Ok(job) = jobs.recv() {
        closes.0.written(Written::write(job));
    }
}

impl Written {
    /// Writes the batch, however that turns out.
    pub(crate) fn write((mut store, sealed): Job) -> Self {
        let result = store.append(sealed.batch());
        Self { store, sealed, result }
    }
}

/// Decides. [`start`] gives it threads; a simulation takes its turns one by one.
pub(crate) struct Writer {
    kernel: Kernel,
    clock: Arc<dyn Clock>,
    inbox: Arc<Inbox<Written>>,
    to_disk: SyncSender<Job>,
    /// Here while nothing is being written.
    store: Option<Box<dyn Store>>,
    /// Those who wait for the batch that is being written.
    in_flight: Option<Vec<Answered>>,
    /// What is being decided.
    open: Option<Open>,
    /// The last batch had one request at most.
    was_alone: bool,
    refused_at: Option<Instant>,
    /// Nobody knows whether the newest batch was written: before anything else is decided the store is read.
    is_unsure: bool,
    stale_in_a_row: u32,
}

/// What comes after a turn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    GoesOn,
    Ended,
}

struct Open {
    draft: Draft,
    asks: Vec<Answered>,
}

/// A request with the answer that it gets if everything up to it becomes durable.
struct Answered {
    ask: Ask,
    answer: Reply,
}

impl Writer {
    pub(crate) fn new(
        kernel: Kernel,
        store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox<Written>>,
        to_disk: SyncSender<Job>,
    ) -> Self {
        Self {
            kernel,
            clock,
            inbox,
            to_disk,
            store: Some(store),
            in_flight: None,
            open: None,
            was_alone: true,
            refused_at: None,
            is_unsure: false,
            stale_in_a_row: 0,
        }
    }

    fn run(mut self) {
        while self.turn(self.wait_until()) == Turn::GoesOn {}
    }

    /// Takes what waits, or waits for something until `until`, and does what can be done about it.
    pub(crate) fn turn(&mut self, until: Option<Instant>) -> Turn {
        let room = BATCH_MAX.saturating_sub(self.open.as_ref().map_or(0, |it| it.asks.len()));
        let taken = self.inbox.take(room, until);
        if let Some(written) = taken.written {
            self.conclude(written);
        }
        self.decide(taken.asks);
        while let Some(open) = self.open.take_if(|_| self.store.is_some()) {
            self.hand_over(open);
        }
        let is_done = self.open.is_none() && self.in_flight.is_none();
        if taken.closed || (taken.stopping && is_done) { Turn::Ended } else { Turn::GoesOn }
    }

    /// When there is something to do without anybody asking, by the ledger's clock.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        if self.open.is_some() || self.in_flight.is_some() {
            return None;
        }
        if self.is_unsure { Some(self.clock.now()) } else { self.kernel.wake_at() }
    }

    fn wait_until(&self) -> Option<Instant> {
        let due_in = until(self.wake_at()?, self.clock.now()).min(WAKE_CHECK_MAX);
        let refused_for =
            self.refused_at.map_or(Duration::ZERO, |it| REFUSED_PAUSE.saturating_sub(it.elapsed()));
        Some(Instant::now() + due_in.max(refused_for))
    }

    /// Decides what was asked, or else what has become due.
    fn decide(&mut self, asks: Vec<Ask>) {
        if asks.is_empty() && (self.open.is_some() || self.in_flight.is_some()) {
            return;
        }
        if let Err(reason) = self.make_sure() {
            self.refused_at = Some(Instant::now());
            return refuse(asks.into_iter(), &SubmitError::Unavailable(reason));
        }
        let (kernel, now) = (&mut self.kernel, self.clock.now());
        let open = self.open.get_or_insert_with(|| Open { draft: kernel.draft(now), asks: Vec::new() });
        for ask in asks {
            let answer = self.kernel.answer(&mut open.draft, &ask.request);
            open.asks.push(Answered { ask, answer });
        }
    }

    /// Reads whether a batch was written of which nobody knows it.
    fn make_sure(&mut self) -> Result<(), String> {
        if let Some(store) = self.store.as_deref_mut().filter(|_| self.is_unsure) {
            self.kernel.catch_up(store).map_err(|error| error.to_string())?;
            self.is_unsure = false;
        }
        Ok(())
    }

    /// Has the store, which is free, write what was decided.
    fn hand_over(&mut self, open: Open) {
        let Open { draft, asks } = open;
        let Some(sealed) = self.kernel.seal(draft) else {
            self.kernel.tell_of_expired(self.clock.now());
            return reply(asks);
        };
        let is_alone = asks.len() <= 1;
        let stays_alone = std::mem::replace(&mut self.was_alone, is_alone) && is_alone;
        self.in_flight = Some(asks);
        let Some(mut store) = self.store.take() else { unreachable!("the store is free") };
        if stays_alone {
            // Nobody else is about: the way to the other thread would only take time.
            let result = store.append(sealed.batch());
            self.conclude(Written { store, sealed, result });
        } else if self.to_disk.send((store, sealed)).is_err() {
            // The other thread has panicked and closed the inbox: this one ends too.
            self.in_flight = None;
        }
    }

    /// Answers those who waited for a batch, as it turned out.
    fn conclude(&mut self, written: Written) {
        let Written { store, sealed, result } = written;
        let waiting = self.in_flight.take().unwrap_or_default();
        match result {
            Ok(()) => {
                let erases = sealed.erases();
                self.kernel.commit(sealed);
                self.store = Some(store);
                self.refused_at = None;
                self.stale_in_a_row = 0;
                self.kernel.tell_of_expired(self.clock.now());
                if erases {
                    self.forget_erased();
                }
                reply(waiting);
            }
            Err(AppendError::Stale) => self.decide_again(store, sealed, waiting),
            Err(AppendError::Unavailable(reason)) => {
                self.kernel.abandon(sealed);
                self.store = Some(store);
                self.refuse(waiting, &reason);
            }
            Err(AppendError::Unsure(reason)) => {
                self.is_unsure = true;
                self.kernel.abandon(sealed);
                self.store = Some(store);
                self.refuse(waiting, &reason);
            }
        }
    }

    /// Has memory forget what was deleted from the store; what was decided meanwhile is decided again.
    fn forget_erased(&mut self) {
        let asks = self.open.take().map_or_else(Vec::new, |it| it.asks);
        self.kernel.forget_erased();
        if !asks.is_empty() {
            self.decide(asks.into_iter().map(|it| it.ask).collect());
        }
    }

    /// Others have written: everything was decided on top of something that is not so.
    fn decide_again(&mut self, mut store: Box<dyn Store>, sealed: Sealed, waiting: Vec<Answered>) {
        self.kernel.abandon(sealed);
        self.stale_in_a_row += 1;
        let caught_up = match self.kernel.catch_up(store.as_mut()) {
            Ok(()) if self.stale_in_a_row <= STALE_MAX => Ok(()),
            Ok(()) => Err(format!("others wrote first {STALE_MAX} times in a row")),
            Err(error) => Err(error.to_string()),
        };
        self.store = Some(store);
        match caught_up {
            Ok(()) => {
                let open = self.open.take().map_or_else(Vec::new, |it| it.asks);
                self.decide(waiting.into_iter().chain(open).map(|it| it.ask).collect());
            }
            Err(reason) => self.refuse(waiting, &reason),
        }
    }

    /// Tells all who waited, also for what was decided on top, that nothing was written.
    fn refuse(&mut self, waiting: Vec<Answered>, reason: &str) {
        let open = self.open.take().map_or_else(Vec::new, |it| it.asks);
        tracing::error!(reason, requests = waiting.len() + open.len(), "a batch was not written");
        self.refused_at = Some(Instant::now());
        self.stale_in_a_row = 0;
        let asks = waiting.into_iter().chain(open).map(|it| it.ask);
        refuse(asks, &SubmitError::Unavailable(reason.to_owned()));
    }
}

fn refuse(asks: impl Iterator<Item = Ask>, error: &SubmitError) {
    for ask in asks {
        let answer = match ask.request {
            Request::Submit(..) => Reply::Submit(Err(error.clone())),
            Request::Lease(_) => Reply::Lease(Err(error.clone())),
        };
        // Whoever has stopped waiting does not hear it.
        drop(ask.reply.send(answer));
    }
}

fn reply(answered: Vec<Answered>) {
    for Answered { ask, answer } in answered {
        // Whoever has stopped waiting does not hear the answer; what was decided stands.
        drop(ask.reply.send(answer));
    }
}

/// Rounded up to the ledger's millisecond, so that what is due is due on waking.
fn until(at: Timestamp, now: Timestamp) -> Duration {
    let left = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    if left.is_zero() { left } else { left + Duration::from_millis(1) }
}
