//! The agent as a process of its own, so that it can be killed like one.

use std::collections::BTreeMap;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use serde_json::{Value, json};
use shipway_agent::AgentConfig;
use tokio::signal::unix::{SignalKind, signal};

use crate::artifact::Artifact;
use crate::control_plane::{ControlPlane, TOKEN};
use crate::wait::until;

const ROLE: &str = "SHIPWAY_TEST_AGENT";
/// A secret of the agent's own environment.
pub(crate) const SECRET_VARIABLE: &str = "SHIPWAY_TEST_SECRET";
pub(crate) const SECRET: &str = "correct horse battery";

/// A host: its folder, and the agent that works there or does not.
pub(crate) struct Host {
    folder: tempfile::TempDir,
    pub(crate) address: IpAddr,
    server: String,
    agent: Option<Child>,
}

impl Host {
    pub(crate) fn start(control_plane: &ControlPlane) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        // Each has an address of its own, so that tests do not take one another's ports.
        let mut hasher = DefaultHasher::new();
        (folder.path(), std::process::id()).hash(&mut hasher);
        let [a, b, ..] = hasher.finish().to_ne_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(127, 7, a, b.clamp(1, 254)));
        let server = format!("http://{}", control_plane.address);
        let mut this = Self { folder, address, server, agent: None };
        this.start_agent();
        this
    }

    pub(crate) fn start_agent(&mut self) {
        let log = fs::OpenOptions::new().append(true).create(true).open(self.folder.path().join("agent.log"));
        let log = log.expect("a file");
        let agent = Command::new(std::env::current_exe().expect("this test"))
            .args(["agent::an_agent_works_until_it_is_told_to_stop", "--exact", "--nocapture"])
            .env(ROLE, format!("{} {} {}", self.server, self.address, self.data().display()))
            .env(SECRET_VARIABLE, SECRET)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a file"))
            .stderr(log)
            .spawn();
        self.agent = Some(agent.expect("starts"));
    }

    pub(crate) fn kill_agent(&mut self) {
        let mut agent = self.agent.take().expect("runs");
        agent.kill().expect("runs");
        agent.wait().expect("is ours");
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Lines of the journal of this kind.
    pub(crate) fn noted(&self, kind: &str) -> Vec<Value> {
        let text = fs::read_to_string(self.data().join("journal.jsonl")).unwrap_or_default();
        let lines = text.lines().filter_map(|it| serde_json::from_str::<Value>(it).ok());
        lines.filter(|it| it["entry"] == kind).collect()
    }

    /// The process that was started last.
    #[track_caller]
    pub(crate) fn pid(&self) -> i32 {
        let started = until("a process was started", || self.noted("started").pop());
        started["process"]["pid"].as_i64().expect("a number") as i32
    }

    pub(crate) fn folder_of(&self, artifact: &Artifact, version: &str) -> PathBuf {
        self.data().join("instances/production/web").join(format!("{version}-{}", artifact.digest.short()))
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(mut agent) = self.agent.take() {
            agent.kill().expect("is ours");
            agent.wait().expect("is ours");
        }
        let ours = self.folder.path().display().to_string();
        for line in self.noted("started").into_iter().chain(self.noted("ran")) {
            let pid = line["process"]["pid"].as_i64().expect("a number") as i32;
            let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
            let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            if [environment, command].iter().any(|it| String::from_utf8_lossy(it).contains(&ours)) {
                let _gone = kill_process_group(Pid::from_raw(pid).expect("a pid"), Signal::KILL);
            }
        }
        if std::thread::panicking() {
            let log = fs::read_to_string(self.folder.path().join("agent.log")).unwrap_or_default();
            eprintln!("--- agent ---\n{log}");
        }
    }
}

/// Whether the process runs: one that has ended and is not yet waited for does not.
pub(crate) fn runs(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(')').is_some_and(|(_, rest)| !matches!(rest.trim_start().as_bytes()[0], b'Z' | b'X'))
}

pub(crate) fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).expect("a pid"), Signal::KILL).expect("runs");
}

pub(crate) fn instance(version: &str) -> Value {
    json!({ "environment": "production", "service": "web", "version": version, "target": "host-a" })
}

pub(crate) fn contract() -> Value {
    json!({
        "command": ["./serve", "${address}:${port.http}"],
        "ports": { "http": 0, "admin-api": 0 },
        "environment": { "GREETING": "from ${address}" },
        "secrets": { "KEY": { "env": SECRET_VARIABLE } },
        "health": {
            "checks": [{ "name": "ready", "probe": { "http": { "path": "/health" } } }],
            "interval": "50ms", "timeout": "5s", "failureLimit": 2, "startPeriod": "30s",
        },
        "drain": "0s", "stop": { "signal": "SIGTERM", "timeout": "5s" }, "stickySessions": false,
    })
}

pub(crate) fn effect(step: u32, order: Value) -> Value {
    json!({
        "key": format!("rol_0198f3c0e1b27c3d8a4f5e6d7c8b9a01/{step}/do/1"),
        "performer": { "agent": "host-a" }, "timeout": "60s", "order": order,
    })
}

pub(crate) fn place(step: u32, version: &str, artifact: &Artifact, contract: Value) -> Value {
    let order = json!({ "do": "place", "instance": instance(version), "artifact": artifact.digest,
        "contract": contract });
    effect(step, order)
}

pub(crate) fn retire(step: u32, version: &str) -> Value {
    effect(step, json!({ "do": "retire", "instance": instance(version), "contract": contract() }))
}

pub(crate) fn verify(step: u32, version: &str) -> Value {
    effect(step, json!({ "do": "verify", "instance": instance(version) }))
}

/// Also what [`Host::start_agent`] starts: in that role it is the agent.
#[test]
fn an_agent_works_until_it_is_told_to_stop() {
    if let Ok(role) = std::env::var(ROLE) {
        return work(&role);
    }
    let control_plane = ControlPlane::start();
    let mut host = Host::start(&control_plane);
    until("it registers", || control_plane.memory().registrations.first().cloned());
    let registered = control_plane.memory().registrations[0].clone();
    assert_eq!(registered["host"], "host-a");
    assert_eq!(registered["address"], host.address.to_string());
    assert_eq!(registered["labels"], json!({ "zone": "a" }));
    let mut agent = host.agent.take().expect("runs");
    kill_process(Pid::from_child(&agent), Signal::TERM).expect("runs");
    assert!(agent.wait().expect("is ours").success());
}

fn work(role: &str) {
    let mut parts = role.splitn(3, ' ');
    let mut part = || parts.next().expect("three parts");
    let config = AgentConfig {
        server: part().to_owned(),
        address: part().parse().expect("an address"),
        data_dir: part().into(),
        token: TOKEN.to_owned(),
        host: "host-a".parse().expect("a name"),
        labels: BTreeMap::from([("zone".to_owned(), "a".to_owned())]),
    };
    tracing_subscriber::fmt().with_ansi(false).init();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let mut told = signal(SignalKind::terminate()).expect("a signal");
        let shutdown = async {
            told.recv().await;
        };
        shipway_agent::run(config, shutdown).await.expect("works");
    });
}

#[test]
fn two_agents_do_not_share_a_folder_and_a_wrong_token_is_said_at_once() {
    let control_plane = ControlPlane::start();
    let host = Host::start(&control_plane);
    until("it registers", || control_plane.memory().registrations.first().cloned());
    let config = |data_dir: PathBuf| AgentConfig {
        server: host.server.clone(),
        token: "wrong".to_owned(),
        host: "host-a".parse().expect("a name"),
        address: host.address,
        labels: BTreeMap::new(),
        data_dir,
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let run = |config| runtime.block_on(shipway_agent::run(config, std::future::pending()));
    let second = run(config(host.data()));
    assert!(matches!(second, Err(shipway_agent::AgentError::InUse(_))), "{second:?}");
    let stranger = run(config(host.folder.path().join("other")));
    assert!(matches!(stranger, Err(shipway_agent::AgentError::Link(_))), "{stranger:?}");
}
