//! One process of a site.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

/// A process of the binary. It is killed with the value.
pub(crate) struct Process {
    child: Child,
}

impl Process {
    /// Starts `shipway` with `args` in `folder`; what it says is appended to `logs/NAME.log` there.
    pub(crate) fn start(folder: &Path, name: &str, args: &[&str], variables: &[(&str, String)]) -> Self {
        let logs = folder.join("logs");
        std::fs::create_dir_all(&logs).expect("a folder can be made");
        let log = File::options().create(true).append(true).open(logs.join(format!("{name}.log")));
        let log = log.expect("a log can be opened");
        let mut command = Command::new(env!("CARGO_BIN_EXE_shipway"));
        command.args(args).current_dir(folder).env_clear();
        // The system's own programs first: others may be scripts that take their time to find them.
        let path = format!("/usr/bin:/bin:{}", std::env::var("PATH").unwrap_or_default());
        command.env("PATH", path).env("HOME", folder);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        command.stdin(Stdio::null()).stdout(log.try_clone().expect("a handle")).stderr(log);
        Self { child: command.spawn().expect("the binary starts") }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed()).expect("a process has an id")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("it takes signals until it is waited for");
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("it takes signals until it is waited for");
        self.child.wait().expect("it is ours to wait for");
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is ours to wait for").is_some()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
