//! Work that goes on beside everything else until it is told to stop.

use std::fs::File;
use std::path::Path;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// Dropped, the work goes on for as long as the process; [`Background::stop`] ends it.
pub(crate) struct Background {
    /// What ends, for the log: "the silencer".
    what: &'static str,
    stopping: CancellationToken,
    running: JoinHandle<()>,
}

/// The lock of whoever does a work alone, while this process holds it.
pub(crate) fn sole(path: &Path) -> Option<File> {
    let file = File::create(path).ok()?;
    file.try_lock().ok().map(|()| file)
}

impl Background {
    pub(crate) fn start(what: &'static str, work: impl Future<Output = ()> + Send + 'static) -> Self {
        let stopping = CancellationToken::new();
        let stop = stopping.clone();
        let running = tokio::spawn(async move {
            stop.run_until_cancelled(work).await;
        });
        Self { what, stopping, running }
    }

    pub(crate) async fn stop(self) {
        self.stopping.cancel();
        if let Err(error) = self.running.await {
            tracing::error!(error = %error, "{} ended by a panic", self.what);
        }
    }
}
