//! What the long-running verbs share: a log on standard error, and an end when they are asked to.

use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use crate::output::Paint;

/// Logs to standard error, as much as `SHIPWAY_LOG` asks for (`info` unless it says otherwise).
pub(crate) fn start_log() {
    let filter = EnvFilter::try_from_env("SHIPWAY_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // A second start within one process (`up`) finds it running.
    let ansi = Paint::of_stderr() == Paint::Colour;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(ansi);
    let _ = log.try_init();
}

/// What this process writes from now on is its user's alone: the ledger, blobs, logs and keys are nobody else's to read.
pub(crate) fn write_privately() {
    use rustix::fs::Mode;

    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// Until SIGTERM or Ctrl-C.
pub(crate) async fn asked_to_end() {
    let mut term = signal(SignalKind::terminate()).expect("SIGTERM can be waited for");
    tokio::select! {
        _ = term.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
