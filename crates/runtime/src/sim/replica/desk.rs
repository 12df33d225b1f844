//! Where a simulated control plane decides and writes: alone on its disk, or beside others on a database.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Instant;

use jiff::Timestamp;

use crate::clock::Clock;
use crate::inbox::Inbox;
use crate::kernel::Kernel;
use crate::sharing::{Claim, Granted, Shared};
use crate::store::{Store, StoreError};
use crate::writer::{Job, Writer, Written};

pub(super) struct Desk {
    writer: Writer,
    jobs: Receiver<Job>,
    /// The batch on its way to the disk.
    writing: Option<Job>,
    /// What others share with it.
    shared: Option<Arc<dyn Shared>>,
}

impl Desk {
    pub(super) fn new(
        kernel: Kernel,
        mut store: Box<dyn Store>,
        clock: Arc<dyn Clock>,
        inbox: Arc<Inbox<Written>>,
    ) -> Self {
        let shared = store.sharing().map(|it| it.shared());
        let (to_disk, jobs) = sync_channel(1);
        let writer = Writer::new(kernel, store, clock, inbox, to_disk);
        Self { writer, jobs, writing: None, shared }
    }

    /// Does what can be done now. True when a batch has left for the disk.
    pub(super) fn turn(&mut self) -> bool {
        // A deadline that has passed: the writer takes what is there and never waits.
        self.writer.turn(Some(Instant::now()));
        let job = self.jobs.try_recv().ok();
        let wrote = job.is_some();
        self.writing = job.or(self.writing.take());
        wrote
    }

    /// The batch gets to the disk.
    pub(super) fn write(&mut self) -> Option<Written> {
        self.writing.take().map(Written::write)
    }

    pub(super) fn wake_at(&self) -> Option<Timestamp> {
        self.writer.wake_at()
    }

    /// What the store grants, where it is the store that gives the leases.
    pub(super) fn lease(&self, claim: &Claim) -> Option<Result<Granted, StoreError>> {
        Some(self.shared.as_ref()?.lease(claim))
    }

    /// The ledger's size, where others write to it too.
    pub(super) fn size(&self) -> Option<Result<u64, StoreError>> {
        Some(self.shared.as_ref()?.head().map(|it| it.size))
    }
}
