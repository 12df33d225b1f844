//! Processes of the bench: started, asked for their processor time, ended.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::Result;
use crate::roles::ROLE;

/// `/proc` counts in hundredths of a second on every Linux.
const TICK: Duration = Duration::from_millis(10);

/// A process that ends with this value.
pub(crate) struct Process(Child);

impl Process {
    /// This program again, in another role; and the address that it serves, which it prints first.
    pub(crate) fn role(role: &str, argument: &str) -> Result<(SocketAddr, Self)> {
        let mut command = Command::new(std::env::current_exe()?);
        // It ends when its standard input closes, so also when this process is killed.
        command.env(ROLE, role).arg(argument).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn()?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().ok_or("no pipe")?).read_line(&mut line)?;
        Ok((line.trim().parse()?, Self(child)))
    }

    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        Ok(Self(command.spawn()?))
    }

    /// Processor time of the process and of its children, user and system.
    pub(crate) fn processor_time(&self) -> Result<Duration> {
        let own = self.0.id();
        let children = fs::read_to_string(format!("/proc/{own}/task/{own}/children"))?;
        let pids = children.split_whitespace().map(str::to_owned).chain([own.to_string()]);
        let mut ticks = 0;
        for pid in pids {
            let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
            // After the name, which may hold spaces, utime and stime are the 12th and 13th fields.
            let fields = stat.rsplit_once(')').ok_or("no name in stat")?.1;
            let times = fields.split_whitespace().skip(11).take(2);
            ticks += times.map(str::parse::<u32>).sum::<std::result::Result<u32, _>>()?;
        }
        Ok(TICK * ticks)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGTERM, so that nginx ends its workers too; what is gone already needs no end.
        if let Ok(pid) = i32::try_from(self.0.id())
            && let Some(pid) = rustix::process::Pid::from_raw(pid)
        {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        let _ = self.0.wait();
    }
}
