//! The threads on which connections to databases and to object storage live.

use std::io;
use std::sync::{Arc, mpsc};

/// Few are enough: they wait for sockets.
const THREADS: usize = 2;

/// Runs futures for callers that block. They call from threads of all kinds, also those of another async runtime, where
/// a runtime can neither be entered nor dropped.
#[derive(Debug)]
pub(crate) struct Driver {
    runtime: Option<tokio::runtime::Runtime>,
}

impl Driver {
    pub(crate) fn start() -> io::Result<Arc<Self>> {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
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
