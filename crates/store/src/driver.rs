//! The threads on which connections to databases and to object storage live.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::yield_now;

/// Few are enough: they wait for sockets.
const THREADS: usize = 2;

/// Runs futures for callers that block. They call from threads of all kinds, also those of another async runtime, where
/// a runtime can neither be entered nor dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    runtime: Option<Runtime>,
}

impl Driver {
    pub(crate) fn start() -> io::Result<Arc<Self>> {
        let mut builder = Builder::new_multi_thread();
        let runtime = builder.worker_threads(THREADS).thread_name("shipway-store").enable_all().build()?;
        Ok(Arc::new(Self { runtime: Some(runtime) }))
    }

    /// Blocks until `work` is done.
    pub(crate) fn block<T: Send + 'static>(&self, work: impl Future<Output = T> + Send + 'static) -> T {
        let (sender, done) = mpsc::sync_channel(1);
        self.spawn(async move {
            // Whoever asked waits below.
            let _ = sender.send(work.await);
        });
        done.recv().expect("what runs on the driver does not panic")
    }

    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        let runtime = self.runtime.as_ref().expect("it is there until it is dropped");
        runtime.spawn(work);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs futures on the very thread that calls, one caller at a time: there is no way to another thread and back. What was
/// spawned rests between calls.
#[derive(Debug)]
pub(crate) struct Own {
    runtime: Option<Runtime>,
}

impl Own {
    pub(crate) fn new() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        Ok(Self { runtime: Some(runtime) })
    }

    /// Blocks until `work` is done.
    pub(crate) fn block<T: Send>(&mut self, work: impl Future<Output = T> + Send) -> T {
        let runtime = self.runtime.as_ref().expect("it is there until it is dropped");
        if Handle::try_current().is_err() {
            return runtime.block_on(work);
        }
        // The thread of another async runtime, where none can be entered: as while a ledger is opened.
        let done = thread::scope(|scope| scope.spawn(|| runtime.block_on(work)).join());
        done.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Lets what rests do what it can without waiting: once to hear of it, once to act on it, and once to end it.
    pub(crate) fn catch_up(&mut self) {
        self.block(async {
            for _ in 0..3 {
                yield_now().await;
            }
        });
    }
}

impl Drop for Own {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
