//! A simulated control plane: the real writer and kernel, whose turns are taken one by one.

mod desk;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use shipway_engine::environment::Status;
use shipway_ledger::SigningKey;
use shipway_model::{Digest, Name};
use tokio::sync::oneshot;

use self::desk::Desk;
use super::clock::SkewedClock;
use super::disk::{Faults, SimulatedStore};
use super::wire::{Answer, Call, Caller, Life};
use super::worker::Worker;
use crate::clock::Clock;
use crate::entropy::Entropy;
use crate::inbox::{Ask, Inbox};
use crate::kernel::{Kernel, LEASES_MAX, Reply, Request};
use crate::memory::MemoryDisk;
use crate::open::OpenError;
use crate::published::Published;
use crate::runtime::{SubmitError, leased, write_what_is_due};
use crate::sharing::Claim;
use crate::worker::LEASE_TTL;
use crate::writer::Written;

/// A machine on which a control plane runs, or did.
pub(super) struct Replica {
    pub(super) life: Life,
    pub(super) clock: SkewedClock,
    pub(super) faults: Faults,
    pub(super) process: Option<Process>,
    /// It stands still until then; what reaches it waits.
    pub(super) stopped_until_ms: u64,
    /// When it took its newest turn, and how many at that instant.
    pub(super) turns: (u64, u32),
}

pub(super) struct Process {
    desk: Desk,
    inbox: Arc<Inbox<Written>>,
    asked: Vec<(Caller, Call, oneshot::Receiver<Reply>)>,
    pub(super) published: Arc<Published>,
    pub(super) worker: Worker,
    /// Of the newest wake that was entered.
    pub(super) ticket: u64,
}

/// What came of a turn.
pub(super) struct Turned {
    pub(super) answers: Vec<(Caller, Call, Answer)>,
    /// A batch has left for the disk.
    pub(super) wrote: bool,
}

impl Replica {
    pub(super) fn new(of: usize, clock: SkewedClock) -> Self {
        let life = Life { of, number: 0 };
        Self { life, clock, faults: Faults::default(), process: None, stopped_until_ms: 0, turns: (0, 0) }
    }

    /// Starts the program as [`crate::Runtime::open`] does: on a disk of its own, or on a database with this clock.
    pub(super) fn start(
        &mut self,
        disk: &MemoryDisk,
        database_clock: Option<&SkewedClock>,
        signer: SigningKey,
    ) -> Result<(), OpenError> {
        self.life.number += 1;
        let mut store = match database_clock {
            None => SimulatedStore::own(disk, self.faults.clone()),
            Some(clock) => SimulatedStore::shared(disk, clock.clone(), self.faults.clone()),
        };
        let published = Arc::new(Published::new());
        let entropy = Arc::new(Counted { life: self.life, n_drawn: AtomicU64::new(0) });
        let now = self.clock.now();
        let mut kernel = Kernel::open(&mut store, super::tenant(), signer, entropy, published.clone())?;
        write_what_is_due(&mut kernel, &mut store, now)?;
        let inbox = Arc::new(Inbox::new());
        let desk = Desk::new(kernel, Box::new(store), Arc::new(self.clock.clone()), inbox.clone());
        let (worker, asked) = (Worker::default(), Vec::new());
        self.process = Some(Process { desk, inbox, asked, published, worker, ticket: 0 });
        Ok(())
    }

    /// The process, if it is still in this life.
    pub(super) fn alive(&mut self, life: Life) -> Option<&mut Process> {
        self.process.as_mut().filter(|_| life == self.life)
    }
}

/// Bytes that no two draws share and that every run draws again: a run is a function of its seed.
struct Counted {
    life: Life,
    n_drawn: AtomicU64,
}

impl Entropy for Counted {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(32) {
            let n = self.n_drawn.fetch_add(1, Ordering::Relaxed);
            let drawn = Digest::of(format!("{:?} {n}", self.life).as_bytes());
            piece.copy_from_slice(&drawn.as_bytes()[..piece.len()]);
        }
    }
}

impl Process {
    /// Takes a request; some are answered at once.
    pub(super) fn ask(&mut self, call: &Call, caller: Caller) -> Option<Answer> {
        let (request, overloaded) = match call {
            Call::Orders(host) => return Some(self.orders(host)),
            Call::Submit(submission) => {
                let overloaded = Answer::Submitted(Err(SubmitError::Overloaded));
                (Request::Submit(submission.clone(), None), overloaded)
            }
            Call::Lease { performer, max, renew } => {
                let (performer, renew) = (performer.clone(), renew.clone());
                let holder = Some(Arc::from(format!("{:?}", caller.who)));
                let claim = Claim { performer, holder, max: (*max).min(LEASES_MAX), ttl: LEASE_TTL, renew };
                if let Some(granted) = self.desk.lease(&claim) {
                    let granted = granted.map_err(|error| SubmitError::Unavailable(error.to_string()));
                    return Some(Answer::Leased(granted.map(|it| leased(it, LEASE_TTL))));
                }
                (Request::Lease(claim), Answer::Leased(Err(SubmitError::Overloaded)))
            }
        };
        let (sender, reply) = oneshot::channel();
        if self.inbox.ask(Ask { request, reply: sender }).is_err() {
            return Some(overloaded);
        }
        self.asked.push((caller, call.clone(), reply));
        None
    }

    /// Others have written to the store.
    pub(super) fn hear_news(&self) {
        self.inbox.moved();
    }

    /// Lets the writer do what it can now.
    pub(super) fn turn(&mut self) -> Turned {
        let wrote = self.desk.turn();
        let mut answers = Vec::new();
        self.asked.retain_mut(|(caller, call, reply)| match reply.try_recv() {
            Ok(Reply::Submit(it)) => {
                answers.push((*caller, call.clone(), Answer::Submitted(it)));
                false
            }
            Ok(Reply::Lease(it)) => {
                let it = it.map(|it| leased(it, LEASE_TTL));
                answers.push((*caller, call.clone(), Answer::Leased(it)));
                false
            }
            Err(oneshot::error::TryRecvError::Empty) => true,
            Err(oneshot::error::TryRecvError::Closed) => false,
        });
        Turned { answers, wrote }
    }

    /// The batch gets to the disk.
    pub(super) fn write(&mut self) {
        if let Some(written) = self.desk.write() {
            self.inbox.written(written);
        }
    }

    /// When the writer wants its next turn without anybody asking.
    pub(super) fn wake_at(&self) -> Option<jiff::Timestamp> {
        self.desk.wake_at()
    }

    /// What should run on a host: as the server answers it, which has read before what any other has acknowledged.
    fn orders(&mut self, host: &Name) -> Answer {
        if let Some(size) = self.desk.size() {
            let Ok(size) = size else { return Answer::Refused };
            if self.published.head().size < size {
                self.inbox.moved();
                self.desk.turn();
            }
            if self.published.head().size < size {
                return Answer::Refused;
            }
        }
        let state = self.published.state();
        let environments = state.environments.iter();
        let known = environments.flat_map(|(_, it)| &it.instances);
        let of_host =
            known.filter(|(it, known)| it.target == *host && !matches!(known.status, Status::Failed { .. }));
        Answer::Orders(of_host.map(|(it, known)| (it.clone(), known.artifact)).collect())
    }
}
