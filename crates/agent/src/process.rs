//! One process and its group: started so that it outlives the agent, found again later, watched and ended.
//!
//! A process leads a group of its own, so a signal to the agent's group does not reach it. It is watched through
//! a pidfd, which works as well for a process that an earlier agent started as for a child.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus};
use std::time::Duration;

use rustix::process::{Pid, PidfdFlags, Signal, getpgid, kill_process_group, pidfd_open};
use serde::{Deserialize, Serialize};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::time::timeout;

/// How long a killed process may take to disappear; only one stuck in the kernel takes longer.
const KILL_WAIT_MAX: Duration = Duration::from_secs(10);
/// Far longer than a start takes from the fork to the new program.
const START_WAIT: Duration = Duration::from_millis(300);

/// Names one process for ever: a pid alone is used again, also after the host has started anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ProcessId {
    pub(crate) pid: i32,
    /// When the kernel started it, in clock ticks since the host did (field 22 of `/proc/PID/stat`).
    pub(crate) start_ticks: u64,
    /// Of the host: `/proc/sys/kernel/random/boot_id`.
    pub(crate) boot: String,
}

/// A process that runs, or has ended and was not yet waited for.
pub(crate) struct Process {
    id: ProcessId,
    pid: Pid,
    fd: AsyncFd<OwnedFd>,
    /// Nothing when an earlier agent started it.
    child: Option<Child>,
    ending: Option<Ending>,
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Ending {
    Code(i32),
    Signal(i32),
    /// The exit code went to whoever started it.
    Unknown,
    /// SIGKILL did not end it: it is stuck in the kernel.
    Stuck,
}

impl Process {
    /// Starts `command` at the head of its own process group.
    pub(crate) fn start(mut command: Command) -> io::Result<Self> {
        let mut child = command.process_group(0).spawn()?;
        let watched = watch(child.id() as i32).and_then(|(pid, fd)| Ok((ProcessId::of(pid)?, pid, fd)));
        match watched {
            Ok((id, pid, fd)) => Ok(Self { id, pid, fd, child: Some(child), ending: None }),
            Err(fault) => {
                child.kill()?;
                child.wait()?;
                Err(fault)
            }
        }
    }

    /// The process that `id` names, when it still runs.
    pub(crate) fn adopt(id: &ProcessId) -> Option<Self> {
        // The pidfd is opened first: what is compared afterwards is then the process that it refers to.
        let (pid, fd) = watch(id.pid).ok()?;
        let same = ProcessId::of(pid).is_ok_and(|it| it == *id) && !has_ended(pid);
        same.then(|| Self { id: id.clone(), pid, fd, child: None, ending: None })
    }

    /// The group leader whose environment has every one of `marks`: for a start that was not noted in time.
    pub(crate) async fn find(marks: &[(&str, &str)]) -> Option<Self> {
        let marks: Vec<String> = marks.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if let Some(found) = look_for(&marks) {
            return Some(found);
        }
        // It may be on its way: a new process shows the environment of its parent until it has its own.
        tokio::time::sleep(START_WAIT).await;
        look_for(&marks)
    }

    pub(crate) fn id(&self) -> &ProcessId {
        &self.id
    }

    /// Waits for its end, ends what it left behind in its group, and says how it ended. May be called again.
    pub(crate) async fn ended(&mut self) -> Ending {
        // A pidfd becomes readable when the process has ended. Waiting comes after the group is killed: until
        // then the ended leader keeps the number of the group from being given to somebody else.
        if let Some(ending) = &self.ending {
            return ending.clone();
        }
        let readable = self.fd.ready(Interest::READABLE).await;
        readable.expect("the runtime outlives those that it runs").retain_ready();
        self.signal(Signal::KILL);
        let ending = match self.child.as_mut().map(Child::wait) {
            Some(Ok(status)) => Ending::of(status),
            Some(Err(_)) | None => Ending::Unknown,
        };
        self.ending.insert(ending).clone()
    }

    /// Signals the whole group.
    pub(crate) fn signal(&self, signal: Signal) {
        // Once the leader was waited for, its number may be somebody else's.
        if self.ending.is_none() {
            // Fails only when nobody is left, which is as well.
            let _gone = kill_process_group(self.pid, signal);
        }
    }

    /// Asks the group to end, and after `patience` makes it.
    pub(crate) async fn stop(&mut self, signal: Signal, patience: Duration) -> Ending {
        self.signal(signal);
        if let Ok(ending) = timeout(patience, self.ended()).await {
            return ending;
        }
        self.signal(Signal::KILL);
        timeout(KILL_WAIT_MAX, self.ended()).await.unwrap_or(Ending::Stuck)
    }
}

impl Ending {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(signal)) => Self::Signal(signal),
            (None, None) => Self::Unknown,
        }
    }
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "ended with exit code {code}"),
            Self::Signal(signal) => write!(f, "was ended by signal {signal}"),
            Self::Unknown => f.write_str("ended; its exit code went to an earlier agent"),
            Self::Stuck => write!(f, "is still there {KILL_WAIT_MAX:?} after SIGKILL"),
        }
    }
}

impl ProcessId {
    fn of(pid: Pid) -> io::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero()))?;
        let start_ticks = start_ticks(&stat).ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))?;
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned();
        Ok(Self { pid: pid.as_raw_nonzero().get(), start_ticks, boot })
    }

    /// How long ago it was started, by the kernel's clock, which nobody sets.
    pub(crate) fn age(&self) -> Option<Duration> {
        let uptime = fs::read_to_string("/proc/uptime").ok()?;
        let uptime: f64 = uptime.split_whitespace().next()?.parse().ok()?;
        let started = self.start_ticks as f64 / rustix::param::clock_ticks_per_second() as f64;
        Some(Duration::from_secs_f64((uptime - started).max(0.0)))
    }
}

fn look_for(marks: &[String]) -> Option<Process> {
    let pids =
        fs::read_dir("/proc").ok()?.filter_map(|it| it.ok()?.file_name().to_str()?.parse::<i32>().ok());
    let pid = pids.filter_map(Pid::from_raw).find(|pid| {
        let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
        let has = |mark: &String| environment.split(|it| *it == 0).any(|it| it == mark.as_bytes());
        marks.iter().all(has) && getpgid(Some(*pid)).is_ok_and(|group| group == *pid)
    })?;
    Process::adopt(&ProcessId::of(pid).ok()?)
}

#[expect(
    deprecated,
    reason = "its successor is unsafe for the sake of types that lie about their descriptor; OwnedFd does not"
)]
fn watch(pid: i32) -> io::Result<(Pid, AsyncFd<OwnedFd>)> {
    let pid = Pid::from_raw(pid).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let fd = pidfd_open(pid, PidfdFlags::NONBLOCK)?;
    Ok((pid, AsyncFd::with_interest(fd, Interest::READABLE)?))
}

/// What `/proc/PID/stat` says behind the name: the fields from the third, the state, on.
fn stat_fields(stat: &str) -> Option<std::str::SplitWhitespace<'_>> {
    // The name, in parentheses, may itself hold spaces and parentheses: fields are counted from the last one.
    Some(stat.rsplit_once(')')?.1.split_whitespace())
}

fn start_ticks(stat: &str) -> Option<u64> {
    stat_fields(stat)?.nth(19)?.parse().ok()
}

/// Whether it only waits to be waited for, or is not there at all.
fn has_ended(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    stat_fields(&stat).and_then(|mut it| it.next()).is_none_or(|state| matches!(state, "Z" | "X"))
}

/// Where programs are looked for by an agent that was started without a `PATH`.
const PATH_DEFAULT: &str = "/usr/local/bin:/usr/bin:/bin";

/// Where `program` is: absolute as it stands; with a `/` inside `folder`; otherwise in `folder` or on the PATH.
pub(crate) fn resolve(folder: &Path, program: &str) -> Option<PathBuf> {
    let inside = folder.join(program);
    if program.contains('/') || inside.is_file() {
        return inside.is_file().then_some(inside);
    }
    let path = std::env::var_os("PATH").unwrap_or_else(|| PATH_DEFAULT.into());
    std::env::split_paths(&path).map(|it| it.join(program)).find(|it| it.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_time_is_found_behind_a_nasty_name() {
        let rest = "S 1 7 7 0 -1 4194560 1 0 0 0 3 1 0 0 20 0 1 0 987654 1 2";
        assert_eq!(start_ticks(&format!("7 (a) b (c) {rest}")), Some(987_654));
        assert_eq!(start_ticks(""), None);
    }

    #[tokio::test]
    async fn another_start_time_is_another_process() {
        let mut sleep = Command::new("sleep");
        let mark = format!("of the test in process {}", std::process::id());
        sleep.arg("60").env("SHIPWAY_MARK", &mark);
        let mut process = Process::start(sleep).expect("sleep starts");
        let id = process.id().clone();
        assert!(Process::adopt(&id).is_some());
        assert!(Process::adopt(&ProcessId { start_ticks: id.start_ticks + 1, ..id.clone() }).is_none());
        assert!(Process::adopt(&ProcessId { boot: "another".into(), ..id.clone() }).is_none());
        assert!(id.age().expect("uptime") < Duration::from_secs(60));
        let found = Process::find(&[("SHIPWAY_MARK", &mark)]).await.expect("found by its mark");
        assert_eq!(*found.id(), id);
        assert_eq!(process.stop(Signal::TERM, Duration::from_secs(10)).await, Ending::Signal(15));
        assert!(Process::adopt(&id).is_none());
    }

    #[tokio::test]
    async fn an_end_before_anyone_looked_is_still_seen() {
        let mut process = Process::start(Command::new("false")).expect("starts");
        let id = process.id().clone();
        while !has_ended(process.pid) {
            tokio::task::yield_now().await;
        }
        assert!(Process::adopt(&id).is_none());
        assert_eq!(
            ProcessId::of(process.pid).expect("not waited for"),
            id,
            "so it may end while it is started"
        );
        assert_eq!(process.ended().await, Ending::Code(1));
        assert_eq!(process.ended().await, Ending::Code(1));
    }

    #[tokio::test]
    async fn a_group_that_does_not_listen_is_killed_with_its_children() {
        let mut shell = Command::new("sh");
        shell.args(["-c", "trap '' TERM; sleep 600 & echo $! >&2; wait; sleep 600"]);
        let folder = tempfile::tempdir().expect("a folder");
        let note = folder.path().join("child");
        shell.stderr(fs::File::create(&note).expect("a file"));
        let mut process = Process::start(shell).expect("sh starts");
        let child = loop {
            let text = fs::read_to_string(&note).expect("readable");
            match text.trim().parse().ok().and_then(Pid::from_raw) {
                Some(pid) if text.ends_with('\n') => break ProcessId::of(pid).expect("runs"),
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        process.stop(Signal::TERM, Duration::from_millis(50)).await;
        for _ in 0..1000 {
            if Process::adopt(&child).is_none() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the child outlived its group");
    }
}
