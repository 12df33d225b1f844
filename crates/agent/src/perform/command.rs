//! Command: a program in a folder of its own, its output streamed to the control plane with its secrets masked.
//!
//! The program prints to a file, and a shell notes its exit code in another: it goes on when the agent ends, and the
//! next agent learns how it ended. It is never started twice.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::Signal;
use shipway_model::effect::{EffectKey, Success};
use shipway_model::resource::pipeline::Command;
use shipway_model::{Digest, Name};
use tracing::{error, info};

use super::{CutOff, Failure, Patience};
use crate::environment::{self, EnvironmentError, Values};
use crate::host::Host;
use crate::journal::{Entry, Progress};
use crate::layout::remove;
use crate::mask::Masker;
use crate::process::{self, Process};
use crate::telemetry;

mod output;

use output::Output;

/// Between SIGTERM and SIGKILL.
const STOP_PATIENCE: Duration = Duration::from_secs(5);
/// Runs "$@" and notes its exit code in the file $0, which is written whole before the shell ends.
const NOTE_EXIT_CODE: &str = r#""$@"; echo "$?" >"$0""#;

struct Work {
    folder: PathBuf,
    output: PathBuf,
    exit_code: PathBuf,
}

impl Work {
    fn of(host: &Host, key: &EffectKey) -> Self {
        let work = host.layout.work(key);
        Self { folder: work.join("folder"), output: work.join("output"), exit_code: work.join("exit-code") }
    }
}

pub(super) async fn run(
    host: &Arc<Host>,
    key: &EffectKey,
    environment: &Name,
    command: &Command,
    artifact: Option<Digest>,
    patience: Patience,
) -> Result<Success, Failure> {
    let work = Work::of(host, key);
    let secrets = environment::read_secrets(&command.secrets).map_err(Failure::for_good)?;
    // The file for the output is made right before the program is started.
    let mut process = if work.output.exists() {
        adopt(host, key).await
    } else {
        let starting = start(host, key, environment, command, &secrets, artifact, &work);
        Some(tokio::select! {
            started = starting => started?,
            failure = patience.ends() => return Err(failure),
        })
    };
    let masker = Masker::new(secrets.values().map(String::as_str));
    let mut output = Output::new(host.link.clone(), *key, work.output.clone(), masker);
    let mut given_up = None;
    if let Some(process) = &mut process {
        let patience = patience.began_before(process.id().age().unwrap_or_default());
        given_up = tokio::select! {
            _ = process.ended() => None,
            never = output.follow() => match never {},
            failure = patience.ends() => Some(failure),
        };
        if given_up.is_some() {
            info!(%key, pid = process.id().pid, "stopping the command");
            process.stop(Signal::TERM, STOP_PATIENCE).await;
        }
    }
    let last_line = output.finish().await;
    match given_up {
        Some(failure) => {
            Err(Failure { reason: format!("`{}` {}", command.command[0], failure.reason), ..failure })
        }
        None => judge(&command.command[0], &work.exit_code, &last_line),
    }
}

/// Removes what the command left behind; its outcome has been noted.
pub(super) fn tidy(host: &Host, key: &EffectKey) {
    if let Err(fault) = remove(fs::remove_dir_all(host.layout.work(key))) {
        error!(%key, "the command's folder cannot be removed: {fault}");
    }
}

fn judge(program: &str, exit_code: &Path, last_line: &str) -> Result<Success, Failure> {
    let code = fs::read_to_string(exit_code).ok().and_then(|it| it.trim().parse::<i32>().ok());
    match code {
        Some(0) => Ok(Success::Completed { summary: "exit code 0".to_owned() }),
        Some(code) if last_line.is_empty() => {
            Err(Failure::for_now(format!("`{program}` ended with exit code {code}")))
        }
        Some(code) => Err(Failure::for_now(format!("`{program}` ended with exit code {code}: {last_line}"))),
        // Somebody killed it, or the host went down. Whether to do it again is for a person to say.
        None => Err(Failure::for_good(format!(
            "`{program}` was ended from outside; how far it came is not known"
        ))),
    }
}

/// The process of a command that was begun, when it still runs.
async fn adopt(host: &Host, key: &EffectKey) -> Option<Process> {
    let noted = host.journal.read(|it| match it.effects.get(key).map(|it| &it.progress) {
        Some(Progress::Begun { process, .. }) => process.clone(),
        Some(Progress::Leased | Progress::Ended { .. }) | None => None,
    });
    let process = match noted {
        Some(id) => Process::adopt(&id),
        None => Process::find(&[("SHIPWAY_EFFECT", &key.to_string())]).await,
    }?;
    info!(%key, pid = process.id().pid, "the command goes on under this agent");
    Some(process)
}

async fn start(
    host: &Host,
    key: &EffectKey,
    environment: &Name,
    command: &Command,
    secrets: &BTreeMap<String, String>,
    artifact: Option<Digest>,
    work: &Work,
) -> Result<Process, Failure> {
    prepare_folder(host, artifact, work).await?;
    let ports = BTreeMap::new();
    let values = Values { address: host.address, ports: &ports };
    let mut variables =
        environment::compose(&values, &command.environment, secrets).map_err(Failure::for_good)?;
    let mut attributes = telemetry::of_command(&host.name, environment, command.service.as_ref());
    attributes.push(telemetry::of_rollout(key.rollout));
    telemetry::add(attributes, &mut variables);
    variables.extend(describe(host, key, environment, command));
    let words: Result<Vec<String>, EnvironmentError> =
        command.command.iter().map(|it| values.substitute(it)).collect();
    let words = words.map_err(Failure::for_good)?;
    let [program, arguments @ ..] = &words[..] else { return Err(Failure::for_good("the command is empty")) };
    let found = process::resolve(&work.folder, program).ok_or_else(|| {
        Failure::for_good(format!("`{program}` is neither in the artifact nor on the PATH"))
    })?;
    let on_disk = |fault: io::Error| Failure::for_now(format!("{}: {fault}", work.output.display()));
    // It may print its secrets.
    let output = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&work.output);
    let output = output.map_err(on_disk)?;
    let mut shell = std::process::Command::new("/bin/sh");
    shell.args(["-c", NOTE_EXIT_CODE]).arg(&work.exit_code).arg(&found).args(arguments);
    shell.env_clear().envs(variables).current_dir(&work.folder);
    shell.stdin(Stdio::null()).stdout(output.try_clone().map_err(on_disk)?).stderr(output);
    let process = Process::start(shell).map_err(|fault| Failure::for_now(format!("/bin/sh: {fault}")))?;
    info!(%key, program, pid = process.id().pid, "command started");
    host.journal.note_past(Entry::Ran { key: *key, process: process.id().clone() }).await;
    Ok(process)
}

/// The unpacked artifact, or an empty folder: always one that nobody else uses.
async fn prepare_folder(host: &Host, artifact: Option<Digest>, work: &Work) -> Result<(), Failure> {
    let on_disk = |fault: io::Error| Failure::for_now(format!("{}: {fault}", work.folder.display()));
    let Some(artifact) = artifact else { return fs::create_dir_all(&work.folder).map_err(on_disk) };
    let unfinished = work.folder.with_extension("unpacking");
    let mut cut_off = CutOff::of(host);
    loop {
        match host.cache.unpack(artifact, unfinished.clone(), work.folder.clone()).await {
            Ok(()) => return Ok(()),
            Err(fault) if fault.is_cut_off() => cut_off.wait(fault).await,
            Err(fault) => return Err(Failure { retryable: fault.is_retryable(), reason: fault.to_string() }),
        }
    }
}

fn describe(host: &Host, key: &EffectKey, environment: &Name, command: &Command) -> BTreeMap<String, String> {
    let mut all: BTreeMap<String, String> = [
        ("ADDRESS", host.address.to_string()),
        ("SHIPWAY_EFFECT", key.to_string()),
        ("SHIPWAY_ENVIRONMENT", environment.to_string()),
        ("SHIPWAY_HOST", host.name.to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    all.extend(command.service.as_ref().map(|it| ("SHIPWAY_SERVICE".to_owned(), it.to_string())));
    all
}
