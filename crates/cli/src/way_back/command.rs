//! One command of a rehearsal.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;

/// Longest output that is read, in bytes: rows are compared in memory.
const OUTPUT_BYTES_MAX: u64 = 64 << 20;
/// How much of the end of what a command said is shown when it failed, in bytes.
const TAIL_BYTES: u64 = 2000;

pub(super) struct Shell<'a> {
    pub(super) folder: &'a Path,
    pub(super) variables: &'a BTreeMap<String, String>,
    pub(super) timeout: Duration,
}

impl Shell<'_> {
    /// Gives the command to `sh -c`, and answers with what it printed. `script` is told as `$SCRIPT`.
    ///
    /// # Errors
    /// Why it did not end well, with the end of what it said.
    pub(super) async fn run(&self, command: &str, script: Option<&str>) -> Result<String, String> {
        let unusable = |error: io::Error| format!("it cannot be started: {error}");
        let (mut printed, mut said) =
            (tempfile::tempfile().map_err(unusable)?, tempfile::tempfile().map_err(unusable)?);
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", command]).current_dir(self.folder).env_clear();
        shell.env("HOME", self.folder).env("TMPDIR", self.folder);
        shell.env("PATH", std::env::var_os("PATH").unwrap_or_else(|| "/usr/bin:/bin".into()));
        shell.envs(self.variables);
        if let Some(script) = script {
            shell.env("SCRIPT", script);
        }
        shell.stdin(Stdio::null());
        shell.stdout(printed.try_clone().map_err(unusable)?);
        shell.stderr(said.try_clone().map_err(unusable)?);
        // A group of its own, so that what takes too long ends with everything that it started.
        let mut child = shell.process_group(0).kill_on_drop(true).spawn().map_err(unusable)?;
        let group = child.id().and_then(|it| Pid::from_raw(it.cast_signed()));
        let status = match tokio::time::timeout(self.timeout, child.wait()).await {
            Ok(ended) => ended.map_err(unusable)?,
            Err(_) => {
                // Not waited for yet, so the number is still the group's.
                if let Some(group) = group {
                    let _gone = kill_process_group(group, Signal::KILL);
                }
                let _ended = child.wait().await;
                return Err(format!("it did not end within {:?}", self.timeout));
            }
        };
        if status.success() {
            return text(&mut printed);
        }
        let how = match (status.code(), status.signal()) {
            (Some(code), _) => format!("it ended with status {code}"),
            (None, Some(signal)) => format!("signal {signal} ended it"),
            (None, None) => "it ended".to_owned(),
        };
        let tail = [tail(&mut said), tail(&mut printed)].into_iter().find(|it| !it.is_empty());
        Err(tail.map_or(how.clone(), |tail| format!("{how}: {tail}")))
    }
}

fn text(file: &mut File) -> Result<String, String> {
    let unreadable = |error: io::Error| format!("what it printed cannot be read: {error}");
    if file.metadata().map_err(unreadable)?.len() > OUTPUT_BYTES_MAX {
        return Err(format!("it printed more than {OUTPUT_BYTES_MAX} bytes"));
    }
    file.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(unreadable)?;
    String::from_utf8(bytes).map_err(|_| "it printed what is not UTF-8".to_owned())
}

/// Nothing where it cannot be read: why it failed is told anyway.
fn tail(file: &mut File) -> String {
    String::from_utf8_lossy(&end_of(file).unwrap_or_default()).trim().to_owned()
}

fn end_of(file: &mut File) -> io::Result<Vec<u8>> {
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}
