//! The control plane's own performer: leases the effects that are the server's, has drivers perform them, keeps the
//! leases meanwhile and reports.

mod held;
mod perform;

use std::sync::Arc;
use std::time::Duration;

use shipway_model::effect::{EffectKey, Lease, Performer};
use tokio::task::{JoinError, JoinHandle, JoinSet};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::held::Held;
use self::perform::perform_and_report;
use crate::driver::{Driver, Judge, LogSink, StepLog, Task};
use crate::runtime::{LeaseRequest, Leased, Runtime, SubmitError};

/// Effects performed at once.
pub const TASKS_MAX: usize = 64;
/// How long a lease holds unless renewed: this long after a control plane died, its successor takes over.
pub(crate) const LEASE_TTL: Duration = Duration::from_secs(10);
/// How long one request for leases waits; they are renewed meanwhile.
const LEASE_WAIT: Duration = Duration::from_secs(20);
/// The wait after a request for leases failed.
pub(crate) const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// What the worker performs with.
#[derive(Clone)]
pub struct Tools {
    /// The first that performs an order gets it.
    pub drivers: Vec<Arc<dyn Driver>>,
    pub judge: Judge,
    pub logs: Arc<dyn LogSink>,
}

/// A worker at work. Dropped, it works on for as long as the process; [`Worker::stop`] ends it.
pub struct Worker {
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

/// Starts a worker on the current tokio runtime.
pub fn start(runtime: Runtime, tools: Tools) -> Worker {
    let stopping = CancellationToken::new();
    let holder = runtime.new_holder();
    let work = Work { runtime, tools, holder, tasks: JoinSet::new(), held: Held::default() };
    Worker { running: tokio::spawn(work.run(stopping.clone())), stopping }
}

impl Worker {
    /// Leaves off at once: what was being performed is performed again by the next worker, when its lease has ended.
    pub async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(error = %error, "the worker ended by a panic");
        }
    }
}

struct Work {
    runtime: Runtime,
    tools: Tools,
    /// This worker's, so that a lease whose answer is lost is given to it again.
    holder: Arc<str>,
    /// Each ends with the effect's key and the generation under which it was performed.
    tasks: JoinSet<(EffectKey, u32)>,
    held: Held,
}

impl Work {
    async fn run(mut self, stopping: CancellationToken) {
        let stopped = stopping.run_until_cancelled(self.work()).await;
        debug_assert!(stopped.is_none(), "the work has no end of its own");
        self.held.keep_only(&[]);
        self.tasks.shutdown().await;
    }

    async fn work(&mut self) {
        loop {
            match self.lease().await {
                Ok(leased) => {
                    self.held.keep_only(&leased.renewed);
                    leased.leases.into_iter().for_each(|lease| self.perform(lease));
                }
                Err(error) => {
                    tracing::warn!(error = %error, "the worker got no leases");
                    sleep(RETRY_PAUSE).await;
                }
            }
        }
    }

    /// Waits for leases, and for tasks to end meanwhile. The request is never dropped half way: it may have been
    /// granted.
    async fn lease(&mut self) -> Result<Leased, SubmitError> {
        let request = self.request();
        let runtime = self.runtime.clone();
        let mut leased = std::pin::pin!(runtime.lease(Performer::Server, request));
        loop {
            tokio::select! {
                Some(ended) = self.tasks.join_next() => self.let_go(ended),
                leased = &mut leased => return leased,
            }
        }
    }

    /// For as many as are not held. Tasks do not count: one that has reported ends a moment after its effect is gone, and
    /// a request for nothing that holds nothing would wait its whole time.
    fn request(&self) -> LeaseRequest {
        let renew = self.held.all();
        LeaseRequest {
            max: TASKS_MAX.saturating_sub(renew.len()),
            wait: LEASE_WAIT,
            ttl: LEASE_TTL,
            holder: Some(self.holder.clone()),
            renew,
        }
    }

    fn perform(&mut self, lease: Lease) {
        let Lease { effect, generation, .. } = lease;
        let (key, cancelled) = (effect.key, CancellationToken::new());
        self.held.insert(key, generation, cancelled.clone());
        let driver = self.tools.drivers.iter().find(|it| it.performs(&effect.order)).cloned();
        let task = Task {
            effect: Arc::new(effect),
            generation,
            cancelled,
            log: StepLog::new(self.tools.logs.clone(), key),
            judge: self.tools.judge,
            runtime: self.runtime.clone(),
        };
        self.tasks.spawn(async move {
            perform_and_report(driver, task).await;
            (key, generation)
        });
    }

    fn let_go(&mut self, ended: Result<(EffectKey, u32), JoinError>) {
        match ended {
            Ok((key, generation)) => self.held.remove(&key, generation),
            Err(error) => tracing::error!(error = %error, "a task of the worker ended by a panic"),
        }
    }
}

#[cfg(test)]
mod tests {
    use shipway_model::effect::Direction;
    use shipway_model::plan::StepId;

    use super::*;
    use crate::log_store::LogStore;
    use crate::memory::MemoryDisk;
    use crate::suite::World;

    #[tokio::test]
    async fn tasks_that_have_reported_leave_room_before_they_end() {
        let world = World::fresh(Box::new(MemoryDisk::default().open()));
        let folder = tempfile::tempdir().expect("a folder can be made");
        let logs = Arc::new(LogStore::open(folder.path()).expect("opens"));
        let tools = Tools { drivers: Vec::new(), judge: |_| Err(String::new()), logs };
        let (runtime, holder) = (world.runtime.clone(), world.runtime.new_holder());
        let mut work = Work { runtime, tools, holder, tasks: JoinSet::new(), held: Held::default() };
        let rollout = world.runtime.new_rollout_id();
        let key = |step| EffectKey { rollout, step: StepId(step), direction: Direction::Do, attempt: 1 };
        for step in 0..TASKS_MAX as u32 {
            work.held.insert(key(step), 1, CancellationToken::new());
            work.tasks.spawn(std::future::pending());
        }
        let full = work.request();
        assert_eq!((full.max, full.renew.len()), (0, TASKS_MAX), "told when one of them is gone");

        work.held.keep_only(&[key(0)]);
        let request = work.request();
        assert_eq!((request.max, request.renew.len()), (TASKS_MAX - 1, 1));
    }
}
