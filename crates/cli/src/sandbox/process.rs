//! Both sides of the process in which modules are evaluated.

use std::collections::HashMap;
use std::io::{self, BufRead, Read, Write};
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitCode, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;
use serde_json::Value;
use shipway_model::resource::policy::Rego;
use shipway_policy::rego::{Input, Module, Said};

use super::{Question, Reply};

/// What the process is told to be, as its only argument.
const ROLE: &str = "rego-sandbox";
/// Memory that a module may take beyond the facts, in bytes.
const MEMORY_BYTES_MAX: u64 = 256 << 20;
/// How long one question may take. The engine heeds its own bound of two seconds between steps; this one is for a single step that
/// takes for ever, and for facts of hundreds of megabytes.
const PATIENCE: Duration = Duration::from_secs(20);
/// Modules that are kept compiled.
const MODULES_MAX: usize = 200;
/// Longest reply, in bytes: reasons are sentences.
const REPLY_BYTES_MAX: usize = 1 << 20;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum Gone {
    #[error("the process in which modules are asked cannot be started: {0}")]
    NotStarted(#[source] io::Error),
    #[error("it took more than {} MiB of memory beyond the facts", MEMORY_BYTES_MAX >> 20)]
    Memory,
    #[error("it took longer than {PATIENCE:?}")]
    Time,
    #[error("it says more than {REPLY_BYTES_MAX} bytes")]
    Reply,
    #[error("the process in which modules are asked has ended: {0}")]
    Ended(String),
    #[error("the facts cannot be read: {0}")]
    Refused(String),
}

/// The process, seen from whoever asks. It is ended with this.
pub(super) struct Process {
    child: Child,
    questions: ChildStdin,
    replies: ChildStdout,
}

impl Process {
    /// Of the same binary, also where another one was put in its place on the disk meanwhile. It knows nothing of the environment.
    pub(super) fn start() -> Result<Self, Gone> {
        let mut child = Command::new("/proc/self/exe")
            .arg(ROLE)
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Gone::NotStarted)?;
        let questions = child.stdin.take().expect("it is piped");
        let replies = child.stdout.take().expect("it is piped");
        Ok(Self { child, questions, replies })
    }

    pub(super) fn ask(&mut self, question: &impl Serialize) -> Result<Reply, Gone> {
        let mut line = serde_json::to_vec(question).map_err(|it| Gone::Refused(it.to_string()))?;
        line.push(b'\n');
        if self.questions.write_all(&line).is_err() {
            return Err(self.end());
        }
        let reply = self.line()?;
        serde_json::from_slice(&reply).map_err(|it| Gone::Ended(it.to_string()))
    }

    /// The next line of what it says.
    fn line(&mut self) -> Result<Vec<u8>, Gone> {
        let began = Instant::now();
        let mut line = Vec::new();
        let mut part = [0; 8192];
        loop {
            let Some(left) = PATIENCE.checked_sub(began.elapsed()) else { return Err(Gone::Time) };
            let timeout =
                Timespec { tv_sec: left.as_secs().cast_signed(), tv_nsec: left.subsec_nanos().into() };
            match poll(&mut [PollFd::new(&self.replies, PollFlags::IN)], Some(&timeout)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(Gone::Ended(error.to_string())),
            }
            match self.replies.read(&mut part) {
                Ok(0) => return Err(self.end()),
                Ok(n) => line.extend_from_slice(&part[..n]),
                Err(error) => return Err(Gone::Ended(error.to_string())),
            }
            if line.last() == Some(&b'\n') {
                return Ok(line);
            }
            if line.len() > REPLY_BYTES_MAX {
                return Err(Gone::Reply);
            }
        }
    }

    /// It has closed its end: why it did.
    fn end(&mut self) -> Gone {
        // A memory that cannot be had aborts a program in Rust.
        const ABORTED: i32 = 6;
        let ended = |it: ExitStatus| match it.signal() {
            Some(ABORTED) => Gone::Memory,
            _ => Gone::Ended(it.to_string()),
        };
        self.child.wait().map_or_else(|error| Gone::Ended(error.to_string()), ended)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It has ended by itself, or nobody waits for its reply any more.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Whether this process is the one in which modules are evaluated.
pub(crate) fn is_meant() -> bool {
    let mut arguments = std::env::args_os().skip(1);
    arguments.next().is_some_and(|it| it == ROLE) && arguments.next().is_none()
}

/// Evaluates what is asked until nobody asks any more.
pub(crate) fn serve() -> ExitCode {
    match answer(io::stdin().lock(), &mut io::stdout().lock()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn answer(questions: impl BufRead, replies: &mut impl Write) -> io::Result<()> {
    // A module that takes too much is no reason to write its memory to the disk.
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    let unlimited = getrlimit(Resource::As);
    let mut input: Option<Input> = None;
    let mut modules: HashMap<String, Module> = HashMap::new();
    for line in questions.split(b'\n') {
        let question: Question<'_, Value> = serde_json::from_slice(&line?)?;
        let reply: Reply = match question {
            Question::Facts(facts) => {
                input = Some(Input::from(facts));
                Ok(Said::Nothing)
            }
            Question::Module(rule) => {
                let most = Some(memory_bytes()? + MEMORY_BYTES_MAX);
                setrlimit(Resource::As, Rlimit { current: most, maximum: unlimited.maximum })?;
                let said = match &input {
                    Some(input) => kept(&mut modules, &rule, input),
                    None => Err("nothing is known".to_owned()),
                };
                // Further facts may be larger than what a module may take.
                setrlimit(Resource::As, unlimited)?;
                said
            }
        };
        let mut told = serde_json::to_vec(&reply)?;
        told.push(b'\n');
        replies.write_all(&told)?;
        replies.flush()?;
    }
    Ok(())
}

/// Asks a module that stays compiled: decisions ask the same ones over and over.
fn kept(modules: &mut HashMap<String, Module>, rule: &Rego, input: &Input) -> Reply {
    let key = serde_json::to_string(rule).map_err(|it| it.to_string())?;
    let mut module = match modules.remove(&key) {
        Some(module) => module,
        None => Module::compile(rule)?,
    };
    let said = module.ask(input)?;
    if modules.len() >= MODULES_MAX {
        modules.clear();
    }
    // One that failed is compiled anew: nobody knows how it was left.
    modules.insert(key, module);
    Ok(said)
}

/// Of address space that this process has, in bytes.
fn memory_bytes() -> io::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let kibibytes = status
        .lines()
        .find_map(|it| it.strip_prefix("VmSize:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
    kibibytes.map(|it| it * 1024).ok_or_else(|| io::Error::other("the kernel does not tell"))
}
