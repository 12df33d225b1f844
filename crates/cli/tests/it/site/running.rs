//! Services that really run, as the kernel tells: a service's working folder is its unpacked artifact, and that says
//! which version it is and of which host.

use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal, getpgid, kill_process};

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Running {
    pub(crate) host: String,
    pub(crate) version: String,
    pub(crate) pid: i32,
}

impl Running {
    pub(crate) fn kill(&self) {
        let pid = Pid::from_raw(self.pid).expect("a process has an id");
        kill_process(pid, Signal::KILL).expect("it runs");
    }
}

/// The services of all hosts of the site in `folder`, in the order of hosts and versions.
pub(crate) fn services(folder: &Path) -> Vec<Running> {
    let leaders = processes(folder).filter(|(pid, _)| is_leader(*pid));
    let mut running: Vec<_> = leaders.filter_map(|(pid, cwd)| of_folder(pid, &cwd)).collect();
    running.sort();
    running
}

/// `HOST/instances/ENVIRONMENT/SERVICE/VERSION-DIGEST`
fn of_folder(pid: i32, inside: &Path) -> Option<Running> {
    let parts: Vec<_> = inside.iter().filter_map(|it| it.to_str()).collect();
    let [host, "instances", _, _, folder] = parts[..] else { return None };
    let (version, _) = folder.rsplit_once('-')?;
    Some(Running { host: host.to_owned(), version: version.to_owned(), pid })
}

/// Kills every process that works under `folder`: services outlive their agents by design.
pub(crate) fn kill_all(folder: &Path) {
    for (pid, _) in processes(folder) {
        if let Some(pid) = Pid::from_raw(pid) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// What leads a process group is what the agent started; the rest is of its making.
fn is_leader(pid: i32) -> bool {
    Pid::from_raw(pid).is_some_and(|pid| getpgid(Some(pid)) == Ok(pid))
}

/// Processes whose working folder is under `folder`, with that folder relative to it. Zombies have none.
fn processes(folder: &Path) -> impl Iterator<Item = (i32, std::path::PathBuf)> {
    let entries = fs::read_dir("/proc").expect("this is Linux").flatten();
    entries.filter_map(move |entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let cwd = fs::read_link(entry.path().join("cwd")).ok()?;
        Some((pid, cwd.strip_prefix(folder).ok()?.to_owned()))
    })
}
