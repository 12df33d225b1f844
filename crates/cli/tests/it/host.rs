//! An agent beside a control plane, and waiting for what the two do.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::live::Live;
use crate::program::shipway;

/// What a test waits for comes within this on the slowest machine, or never.
const PATIENCE: Duration = Duration::from_secs(60);

/// The agent of `host-a`; it ends with the value.
pub(crate) struct Host {
    agent: Child,
}

impl Host {
    /// Returns when the control plane knows it.
    pub(crate) fn join(folder: &Path, live: &Live<'_>, labels: &str) -> Self {
        let token = live.ok(&["token", "issue", "host-a", "--role", "agent"]);
        let agent = shipway(folder)
            .args(["agent", "--host", "host-a", "--labels", labels, "--data", "agent"])
            .args(["--server", &live.address, "--token", token.trim()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let host = Self { agent };
        until("the agent is there", || live.ok(&["agents", "list"]).contains("connected"));
        host
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.agent.kill();
        let _ = self.agent.wait();
    }
}

pub(crate) fn until(what: &str, mut so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !so() {
        assert!(start.elapsed() < PATIENCE, "it never came that {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
