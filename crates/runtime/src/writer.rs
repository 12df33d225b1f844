//! The writer: one thread that owns the kernel and decides, and one that writes.
//!
//! While a batch is being written, the next one is decided on top of it; when the first is durable its requests are
//! answered and the next is handed over. So a batch is whatever came while the disk was busy; only those who were just
//! answered are given a moment to ask again. When a batch is not written, neither is what was decided on top of it.
//!
//! Several control planes may share the store, which takes a batch only on the very end of the ledger on which it was
//! decided. As long as nobody else writes, nothing else is different. When somebody does, and for what only the store can
//! tell, the writer [looks](look) first: it locks the ledger's end, folds what the others have appended, and only then
//! decides and appends.

mod look;

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
/// Of the time that the last batch took to be written, the part for which the next may wait for company: a batch costs much
/// and an event in it little, and callers who ask, wait and ask again would come in two halves that wait for each other.
const COMPANY_PART: u32 = 8;
/// A shorter moment is over before anybody is awake.
const MOMENT_MIN: Duration = Duration::from_micros(20);
/// How often a batch is decided again in a row because others wrote to the same store first.
const STALE_MAX: u32 = 8;

/// A batch with the store that is to write it, and what came of that.
pub(crate) struct Written {
    store: Box<dyn Store>,
    sealed: Sealed,
    result: Result<(), AppendError>,
    took: Duration,
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
        let begun = Instant::now();
        let result = store.append(sealed.batch());
        Self { store, sealed, result, took: begun.elapsed() }
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
    /// What is decided after a look, when the store is free. Whoever comes later waits behind it.
    later: Vec<Ask>,
    last: Last,
    refused_at: Option<Timestamp>,
    /// Nobody knows where the ledger ends: before anything else is decided the store is looked at.
    is_unsure: bool,
    stale_in_a_row: u32,
    others: Others,
    is_stopping: bool,
}

/// The last batch that was written.
#[derive(Default)]
struct Last {
    n_answered: usize,
    took: Duration,
    /// Something was asked meanwhile.
    came_meanwhile: bool,
}

/// Other control planes on the same store.
struct Others {
    /// There may be some.
    may_write: bool,
    /// When one of them was last seen to have written.
    wrote_at: Option<Timestamp>,
    /// They may have written what is not shown yet.
    have_news: bool,
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
        mut store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox<Written>>,
        to_disk: SyncSender<Job>,
    ) -> Self {
        let others = Others { may_write: store.sharing().is_some(), wrote_at: None, have_news: false };
        Self {
            kernel,
            clock,
            inbox,
            to_disk,
            store: Some(store),
            in_flight: None,
            open: None,
            later: Vec::new(),
            last: Last::default(),
            refused_at: None,
            is_unsure: false,
            stale_in_a_row: 0,
            others,
            is_stopping: false,
        }
    }

    fn run(mut self) {
        while self.turn(self.wait_until()) == Turn::GoesOn {}
    }

    /// Takes what waits, or waits for something until `until`, and does what can be done about it.
    pub(crate) fn turn(&mut self, until: Option<Instant>) -> Turn {
        let taken = self.inbox.take(self.room(), until);
        self.is_stopping |= taken.stopping;
        self.others.have_news |= taken.has_moved;
        if let Some(written) = taken.written {
            self.conclude(written);
        }
        if taken.asks.is_empty() {
            self.do_what_is_due();
        } else {
            self.take_in(taken.asks);
        }
        self.take_company();
        self.hand_on();
        if taken.closed || (self.is_stopping && self.is_idle()) { Turn::Ended } else { Turn::GoesOn }
    }

    /// When there is something to do without anybody asking, by the ledger's clock.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        if !self.is_idle() || self.kernel.outrun().is_some() {
            return None;
        }
        let due = if self.is_unsure { Some(self.clock.now()) } else { self.kernel.wake_at() }?;
        Some(self.rests_until().map_or(due, |it| it.max(due)))
    }

    fn wait_until(&self) -> Option<Instant> {
        let due_in = until(self.wake_at()?, self.clock.now()).min(WAKE_CHECK_MAX);
        Some(Instant::now() + due_in)
    }

    /// After the store refused a batch, until when nothing is tried on the writer's own account.
    fn rests_until(&self) -> Option<Timestamp> {
        // A clock that was set back meanwhile says nothing of how long ago that was.
        let refused_at = self.refused_at.filter(|it| *it <= self.clock.now())?;
        refused_at.checked_add(REFUSED_PAUSE).ok()
    }

    /// Nothing is under way, and nobody waits.
    fn is_idle(&self) -> bool {
        self.open.is_none() && self.in_flight.is_none() && self.later.is_empty()
    }

    /// How many requests can be taken now.
    fn room(&self) -> usize {
        let waits = !self.later.is_empty() || self.looks_first();
        if waits && self.store.is_none() {
            return 0;
        }
        BATCH_MAX.saturating_sub(self.later.len() + self.open.as_ref().map_or(0, |it| it.asks.len()))
    }

    fn do_what_is_due(&mut self) {
        if self.wake_at().is_none_or(|at| at > self.clock.now()) {
            return;
        }
        if self.looks_first() {
            self.look_and_write(Vec::new());
        } else {
            self.open = Some(self.begin());
        }
    }

    /// Decides what is asked, or puts it off until after a look.
    fn take_in(&mut self, asks: Vec<Ask>) {
        self.last.came_meanwhile |= self.in_flight.is_some();
        let looks_first = self.looks_first();
        for ask in asks {
            if self.later.is_empty() && !looks_first && !self.needs_look(&ask.request) {
                self.decide(ask);
            } else {
                self.later.push(ask);
            }
        }
    }

    /// Takes what else is asked before the batch is handed over: while more comes, and for a moment, until as many have come
    /// as were just answered.
    fn take_company(&mut self) {
        let moment = self.last.took / COMPANY_PART;
        if moment < MOMENT_MIN {
            return;
        }
        let until = Instant::now() + moment;
        while self.store.is_some()
            && let Some(open) = &self.open
            && open.asks.len() < self.last.n_answered
        {
            let taken = self.inbox.take(self.room(), Some(until));
            self.is_stopping |= taken.stopping;
            self.others.have_news |= taken.has_moved;
            if taken.asks.is_empty() {
                return;
            }
            self.take_in(taken.asks);
        }
    }

    fn decide(&mut self, ask: Ask) {
        let mut open = self.open.take().unwrap_or_else(|| self.begin());
        self.answer(&mut open, ask);
        self.open = Some(open);
    }

    fn answer(&mut self, open: &mut Open, ask: Ask) {
        let answer = self.kernel.answer(&mut open.draft, &ask.request);
        open.asks.push(Answered { ask, answer });
    }

    /// Begins a batch with what is due.
    fn begin(&mut self) -> Open {
        Open { draft: self.kernel.draft(self.clock.now()), asks: Vec::new() }
    }

    /// Has the store, while it is free, write what was decided; then what waits for a look.
    fn hand_on(&mut self) {
        while self.store.is_some() {
            if let Some(open) = self.open.take() {
                self.hand_over(open);
            } else if !self.later.is_empty() {
                let n_asks = self.later.len().min(BATCH_MAX);
                let asks = self.later.drain(..n_asks).collect();
                self.look_and_write(asks);
            } else {
                return self.follow();
            }
        }
    }

    fn hand_over(&mut self, open: Open) {
        let Open { draft, asks } = open;
        let Some(sealed) = self.kernel.seal(draft) else {
            return self.answer_without_writing(asks);
        };
        if !std::mem::take(&mut self.last.came_meanwhile) && !self.inbox.has_asks() {
            // Nobody else is about: the way to the other thread would only take time.
            self.write(sealed, asks);
            self.last.came_meanwhile = self.inbox.has_asks();
            return;
        }
        let Some(store) = self.store.take() else { unreachable!("the store is free") };
        self.in_flight = Some(asks);
        if self.to_disk.send((store, sealed)).is_err() {
            // The other thread has panicked and closed the inbox: this one ends too.
            self.in_flight = None;
        }
    }

    /// Writes on this thread.
    fn write(&mut self, sealed: Sealed, asks: Vec<Answered>) {
        let Some(store) = self.store.take() else { unreachable!("the store is free") };
        self.in_flight = Some(asks);
        self.conclude(Written::write((store, sealed)));
    }

    /// Everything was refused, or was so already.
    fn answer_without_writing(&mut self, asks: Vec<Answered>) {
        if self.others.may_write && !asks.is_empty() {
            // It may be otherwise by what others have acknowledged meanwhile: nothing was written, which would have shown that.
            return self.look_and_write(asks.into_iter().map(|it| it.ask).collect());
        }
        self.kernel.tell_of_expired(self.clock.now());
        reply(asks);
    }

    /// Answers those who waited for a batch, as it turned out.
    fn conclude(&mut self, written: Written) {
        let Written { store, sealed, result, took } = written;
        self.store = Some(store);
        let waiting = self.in_flight.take().unwrap_or_default();
        (self.last.n_answered, self.last.took) = (waiting.len(), took);
        let Err(error) = result else {
            let erases = sealed.erases();
            self.kernel.commit(sealed);
            self.refused_at = None;
            self.stale_in_a_row = 0;
            self.kernel.tell_of_expired(self.clock.now());
            if erases {
                self.forget_erased();
            }
            return reply(waiting);
        };
        self.kernel.abandon(sealed);
        self.unlock();
        let open = self.open.take().map_or_else(Vec::new, |it| it.asks);
        match error {
            AppendError::Stale if self.stale_in_a_row < STALE_MAX => {
                self.stale_in_a_row += 1;
                self.is_unsure = true;
                self.others.wrote_at = Some(self.clock.now());
                // Everything was decided on top of something that is not so.
                self.put_off(waiting.into_iter().chain(open));
            }
            AppendError::Stale => {
                let reason = format!("others wrote first {STALE_MAX} times in a row");
                self.refuse(waiting.into_iter().chain(open), SubmitError::Unavailable(reason));
            }
            AppendError::Unavailable(reason) => {
                self.refuse(waiting.into_iter().chain(open), SubmitError::Unavailable(reason));
            }
            AppendError::Unsure(reason) => {
                self.is_unsure = true;
                self.refuse(open.into_iter(), SubmitError::Unavailable(reason.clone()));
                self.refuse(waiting.into_iter(), SubmitError::Unsure(reason));
            }
        }
    }

    /// Has memory forget what was deleted from the store; what was decided meanwhile is decided again.
    fn forget_erased(&mut self) {
        let asks = self.open.take().map_or_else(Vec::new, |it| it.asks);
        self.kernel.forget_erased();
        self.put_off(asks.into_iter());
    }

    /// To be decided again, before anything else.
    fn put_off(&mut self, answered: impl Iterator<Item = Answered>) {
        drop(self.later.splice(..0, answered.map(|it| it.ask)));
    }

    /// Tells those who waited that nothing was written.
    fn refuse(&mut self, answered: impl Iterator<Item = Answered>, error: SubmitError) {
        let asks: Vec<_> = answered.map(|it| it.ask).collect();
        if !asks.is_empty() {
            tracing::error!(%error, requests = asks.len(), "a batch was not written");
        }
        self.refused_at = Some(self.clock.now());
        self.stale_in_a_row = 0;
        refuse(asks, &error);
    }
}

fn refuse(asks: Vec<Ask>, error: &SubmitError) {
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
