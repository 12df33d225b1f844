//! Keeps one instance running: starts its process, watches its health, and starts it again when it ends.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use shipway_model::event::Condition;
use shipway_model::plan::Instance;
use shipway_model::resource::service::{Deployment, StopSignal};
use shipway_model::{Digest, Name, RolloutId};
use tokio::sync::watch;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::backoff::Backoff;
use crate::environment::{self, Values};
use crate::health::Subject;
use crate::host::Host;
use crate::journal::{Entry, InstanceRecord};
use crate::mask::Masker;
use crate::process::{self, Process};
use crate::rotation::Logs;
use crate::telemetry;

/// A new instance is looked at more often than its interval says: everyone waits for it.
const START_INTERVAL_MAX: Duration = Duration::from_millis(250);
/// After a run of this length, the next crash counts as the first one.
const STEADY_RUN: Duration = Duration::from_secs(60);

/// How an instance is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Status {
    /// Not healthy yet, for the last reason seen.
    Starting(String),
    Healthy,
    Unhealthy(String),
    /// It ended, and is started again after a while.
    Crashed(String),
}

/// What is known of an instance before it is started.
pub(crate) struct Unit {
    pub(crate) instance: Instance,
    pub(crate) artifact: Digest,
    pub(crate) contract: Deployment,
    pub(crate) ports: BTreeMap<Name, u16>,
    /// The rollout that placed it, where that is known.
    pub(crate) rollout: Option<RolloutId>,
    pub(crate) folder: PathBuf,
}

/// What it takes to start it.
pub(crate) struct Prepared {
    program: PathBuf,
    arguments: Vec<String>,
    pub(crate) subject: Subject,
    /// Of its secrets, for what it says when it ends.
    masker: Masker,
    /// Their values, which what it prints is not to show.
    secrets: Vec<String>,
}

impl Unit {
    /// Looks up programs and secrets. The error is a sentence.
    pub(crate) fn prepare(&self, host: &Host) -> Result<Prepared, String> {
        let text = |fault: environment::EnvironmentError| fault.to_string();
        let values = Values { address: host.address, ports: &self.ports };
        let [program, arguments @ ..] = &self.contract.command[..] else {
            return Err("the contract has no command".to_owned());
        };
        let program = values.substitute(program).map_err(text)?;
        let found = process::resolve(&self.folder, &program)
            .ok_or(format!("`{program}` is neither in the artifact nor on the PATH of {}", host.name))?;
        let arguments =
            arguments.iter().map(|it| values.substitute(it).map_err(text)).collect::<Result<_, _>>()?;
        let secrets = environment::read_secrets(&self.contract.secrets).map_err(text)?;
        let mut environment =
            environment::compose(&values, &self.contract.environment, &secrets).map_err(text)?;
        let mut attributes = telemetry::of_instance(&self.instance);
        attributes.extend(self.rollout.map(telemetry::of_rollout));
        telemetry::add(attributes, &mut environment);
        environment.extend(environment::describe(&self.instance, &values, &self.folder));
        let (ports, folder) = (self.ports.clone(), self.folder.clone());
        let subject = Subject::new(host.address, ports, folder, environment, self.contract.health.clone())?;
        let masker = Masker::new(secrets.values().map(String::as_str));
        let secrets = secrets.into_values().collect();
        Ok(Prepared { program: found, arguments, subject, masker, secrets })
    }
}

/// What is wanted of an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// That it runs, whatever happens.
    Run,
    /// That it ends: an earlier agent has begun to retire it.
    End,
}

/// Looks after `unit` until `stop`, and then ends its process. One that is to end is not started again.
pub(crate) async fn supervise(
    host: Arc<Host>,
    unit: Arc<Unit>,
    record: InstanceRecord,
    wish: Wish,
    status: watch::Sender<Status>,
    stop: CancellationToken,
) {
    let supervisor = Supervisor { host, unit, status };
    let mut process = supervisor.find(&record).await;
    match wish {
        Wish::Run => {
            supervisor.adopt(&record, process.as_ref()).await;
            tokio::select! {
                never = supervisor.keep_running(&mut process, &record) => match never {},
                () = stop.cancelled() => {}
            }
        }
        Wish::End => stop.cancelled().await,
    }
    let Supervisor { unit, host, .. } = supervisor;
    if let Some(mut running) = process {
        info!(instance = %unit.instance, pid = running.id().pid, "stopping");
        let ending =
            running.stop(signal(unit.contract.stop.signal), unit.contract.stop.timeout.duration()).await;
        info!(instance = %unit.instance, "the process {ending}");
    }
    host.outflow.close(&unit.instance);
}

struct Supervisor {
    host: Arc<Host>,
    unit: Arc<Unit>,
    status: watch::Sender<Status>,
}

impl Supervisor {
    /// The process that an earlier agent started.
    async fn find(&self, record: &InstanceRecord) -> Option<Process> {
        match &record.process {
            Some(id) => Process::adopt(id),
            None if record.run == 0 => None,
            None => {
                let folder = self.unit.folder.display().to_string();
                let run = record.run.to_string();
                Process::find(&[("SHIPWAY_FOLDER", &folder), ("SHIPWAY_RUN", &run)]).await
            }
        }
    }

    /// Takes over what an earlier agent started, or notes that it is gone.
    async fn adopt(&self, record: &InstanceRecord, found: Option<&Process>) {
        let instance = &self.unit.instance;
        match found {
            Some(process) => {
                info!(%instance, pid = process.id().pid, "goes on running under this agent");
                if record.process.is_none() {
                    self.note_started(record.run, process).await;
                }
            }
            None if record.run == 0 => {}
            None => {
                warn!(%instance, "its process was gone when the agent came back");
                self.say(Status::Crashed("the process was gone when the agent came back".to_owned())).await;
            }
        }
    }

    async fn keep_running(&self, process: &mut Option<Process>, record: &InstanceRecord) -> Infallible {
        let Unit { instance, artifact, folder, .. } = &*self.unit;
        let logs = Logs::of(&self.host.layout.logs(instance));
        let mut backoff = Backoff::of_crashes();
        let mut run = record.run;
        let mut settled = process.is_some() && record.condition.is_some();
        loop {
            let unfinished = self.host.layout.unfinished(instance, artifact);
            let unpacked = self.host.cache.unpack(*artifact, unfinished, folder.clone()).await;
            let prepared = unpacked.map_err(|it| it.to_string()).and_then(|()| self.unit.prepare(&self.host));
            let prepared = match prepared {
                Ok(prepared) => prepared,
                Err(reason) => {
                    self.say(Status::Unhealthy(reason)).await;
                    sleep(backoff.next()).await;
                    continue;
                }
            };
            let said_before = logs.stderr_bytes();
            self.host.outflow.follow(&self.unit, &logs, &prepared.secrets);
            if process.is_none() {
                run += 1;
                if let Err(reason) = self.start(run, &prepared, &logs, process).await {
                    self.say(Status::Crashed(reason)).await;
                    sleep(backoff.next()).await;
                    continue;
                }
            }
            let since = Instant::now();
            let ending = match process.as_mut() {
                Some(running) => tokio::select! {
                    ending = running.ended() => ending,
                    never = self.watch_health(&prepared.subject, settled) => match never {},
                    never = logs.keep_small() => match never {},
                },
                None => continue,
            };
            *process = None;
            settled = false;
            if since.elapsed() >= STEADY_RUN {
                backoff.reset();
            }
            let delay = backoff.next();
            let words = logs.last_words(said_before, prepared.masker);
            let said = if words.is_empty() { words } else { format!(", saying `{words}`") };
            let reason =
                format!("the process {ending}{said} (run {run}); it is started again after {delay:?}");
            self.say(Status::Crashed(reason)).await;
            sleep(delay).await;
        }
    }

    /// Puts the new process into `process` as soon as there is one: it must not be lost when nobody waits any more.
    async fn start(
        &self,
        run: u32,
        prepared: &Prepared,
        logs: &Logs,
        process: &mut Option<Process>,
    ) -> Result<(), String> {
        let instance = &self.unit.instance;
        let noted = self.host.journal.note(Entry::Starting { instance: instance.clone(), run }).await;
        noted.map_err(|fault| fault.to_string())?;
        let (stdout, stderr) = logs.open().map_err(|fault| format!("{}: {fault}", logs.stdout.display()))?;
        let mut command = Command::new(&prepared.program);
        command.args(&prepared.arguments).current_dir(&self.unit.folder);
        command.env_clear().envs(&prepared.subject.environment).env("SHIPWAY_RUN", run.to_string());
        command.stdin(Stdio::null()).stdout(stdout).stderr(stderr);
        let started = Process::start(command);
        let started = started.map_err(|fault| format!("{}: {fault}", prepared.program.display()))?;
        info!(%instance, pid = started.id().pid, run, "started");
        self.note_started(run, process.insert(started)).await;
        // Watchers of a first start wait for its health, not for news of the crash before.
        self.status.send_replace(Status::Starting("no check has passed yet".to_owned()));
        Ok(())
    }

    async fn note_started(&self, run: u32, process: &Process) {
        let instance = self.unit.instance.clone();
        self.host.journal.note_past(Entry::Started { instance, run, process: process.id().clone() }).await;
    }

    /// `settled`: it was healthy before, so it is not starting.
    async fn watch_health(&self, subject: &Subject, mut settled: bool) -> Infallible {
        let health = &subject.health;
        let since = Instant::now();
        let mut failures = 0;
        loop {
            match subject.check().await {
                Ok(()) => {
                    (failures, settled) = (0, true);
                    self.say(Status::Healthy).await;
                }
                Err(reason) if !settled && since.elapsed() < health.start_period.duration() => {
                    self.status.send_replace(Status::Starting(reason));
                }
                Err(reason) => {
                    failures += 1;
                    if failures >= health.failure_limit {
                        self.say(Status::Unhealthy(reason)).await;
                    }
                }
            }
            let interval = health.interval.duration();
            sleep(if settled { interval } else { interval.min(START_INTERVAL_MAX) }).await;
        }
    }

    /// Notes a change for the report, once, and tells those who wait.
    async fn say(&self, status: Status) {
        let (condition, detail) = match &status {
            Status::Starting(_) => return,
            Status::Healthy => (Condition::Healthy, String::new()),
            Status::Unhealthy(reason) => (Condition::Unhealthy, reason.clone()),
            Status::Crashed(reason) => (Condition::Crashed, reason.clone()),
        };
        let instance = self.unit.instance.clone();
        let known = self.host.journal.read(|it| it.instances.get(&instance).and_then(|it| it.condition));
        match (known, condition) {
            (None, Condition::Healthy) => self.placed().await,
            // The outcome of its placement tells about it.
            (None, Condition::Unhealthy | Condition::Crashed) => warn!(%instance, "{condition:?}: {detail}"),
            (Some(known), _) if known == condition => {}
            (Some(_), _) => {
                info!(%instance, "{condition:?} {detail}");
                let noted = self.host.journal.note_with(move |state| Entry::Changed {
                    sequence: state.sequence_next(),
                    instance,
                    condition,
                    detail,
                });
                match noted.await {
                    Ok(()) => self.host.to_report.notify_one(),
                    // Noted when it is said again: after the next check, or the next crash.
                    Err(fault) => error!("{fault}"),
                }
            }
        }
        self.status.send_replace(status);
    }

    /// It is healthy for the first time.
    async fn placed(&self) {
        let Unit { instance, artifact, .. } = &*self.unit;
        info!(%instance, "healthy");
        if let Err(fault) = self.host.layout.switch_current(instance, artifact) {
            error!(%instance, "cannot switch `current`: {fault}");
        }
        self.host.journal.note_past(Entry::Placed { instance: instance.clone() }).await;
    }
}

fn signal(signal: StopSignal) -> Signal {
    match signal {
        StopSignal::Term => Signal::TERM,
        StopSignal::Int => Signal::INT,
        StopSignal::Quit => Signal::QUIT,
    }
}
