//! Where a simulated control plane decides and writes: alone on its disk, or under the lock of a database.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::kernel::Kernel;
use crate::sharing::{Claim, Granted, Shared};
use crate::store::{Store, StoreError};
use crate::writer::shared::SharedWriter;
use crate::writer::{Job, Writer, Written};

pub(super) enum Desk {
    Alone(Box<Alone>),
    Shared { writer: Box<SharedWriter>, store: Arc<dyn Shared> },
}

pub(super) struct Alone {
    writer: Writer,
    jobs: Receiver<Job>,
    /// The batch on its way to the disk.
    writing: Option<Job>,
}

impl Desk {
    pub(super) fn new(
        kernel: Kernel,
        mut store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox<Written>>,
    ) -> Self {
        if let Some(sharing) = store.sharing() {
            let shared = sharing.shared();
            let writer = Box::new(SharedWriter::new(kernel, store, clock, inbox));
            return Self::Shared { writer, store: shared };
        }
        let (to_disk, jobs) = sync_channel(1);
        let writer = Writer::new(kernel, store, clock, inbox, to_disk);
        Self::Alone(Box::new(Alone { writer, jobs, writing: None }))
    }

    /// Does what can be done now. True when a batch has left for the disk.
    pub(super) fn turn(&mut self) -> bool {
        // A deadline that has passed: the writer takes what is there and never waits.
        let now = Some(Instant::now());
        match self {
            Self::Alone(it) => {
                it.writer.turn(now);
                let job = it.jobs.try_recv().ok();
                let wrote = job.is_some();
                it.writing = job.or(it.writing.take());
                wrote
            }
            Self::Shared { writer, .. } => {
                writer.turn(now);
                false
            }
        }
    }

    /// The batch gets to the disk.
    pub(super) fn write(&mut self) -> Option<Written> {
        match self {
            Self::Alone(it) => it.writing.take().map(Written::write),
            Self::Shared { .. } => None,
        }
    }

    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        match self {
            Self::Alone(it) => it.writer.wake_at(),
            Self::Shared { writer, .. } => writer.wake_at(),
        }
    }

    /// What the store grants, where it is the store that gives the leases.
    pub(super) fn lease(&self, claim: &Claim) -> Option<Result<Granted, StoreError>> {
        match self {
            Self::Alone(_) => None,
            Self::Shared { store, .. } => Some(store.lease(claim)),
        }
    }

    /// The ledger's size, where others write to it too.
    pub(super) fn size(&self) -> Option<Result<u64, StoreError>> {
        match self {
            Self::Alone(_) => None,
            Self::Shared { store, .. } => Some(store.head().map(|it| it.size)),
        }
    }
}
