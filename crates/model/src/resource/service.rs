//! A service: who owns it, what it promises, what it needs, and the contract under which it is deployed.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Service {
    /// The Team that answers for it.
    pub owner: Name,
    /// 1 is the most important, 4 the least.
    #[serde(default = "tier_default")]
    #[schemars(range(min = 1, max = 4))]
    pub tier: u8,
    #[serde(default)]
    pub criticality: Criticality,
    /// Classes of data that it handles, for example `card-data`; Regulations refer to them.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub data_classes: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<Objectives>,
    /// What customers were promised in a contract; looser than the objectives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Objectives>,
    /// The promised time to recover, against which every unwind is measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_time: Option<Millis>,
    #[serde(default)]
    pub release_model: ReleaseModel,
    /// True refuses every strategy that would leave nobody to answer.
    #[serde(default)]
    pub zero_downtime: bool,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<Dependency>,
    /// The Repository that it is built from, whose branching rules hold for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<Name>,
    /// Alerts that steps of a rollout raise as a matter of course. They are silenced for as long as the step takes, where
    /// the environment names an Alertmanager; one of severity critical never is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub expected_alerts: Vec<ExpectedAlert>,
    /// Where one sees how it does, and what calls somebody when it does badly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub monitoring: Option<Monitoring>,
    pub deployment: Deployment,
}

/// What watches a service. Each entry covers the routes that begin as its `covers` say.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Monitoring {
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub dashboards: Vec<Watcher>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub alerts: Vec<Watcher>,
    /// Where traces are found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub traces: Vec<Watcher>,
}

/// A dashboard, an alert, or a place for traces.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watcher {
    /// The dashboard's URL, the alert's `alertname`, the tracing service.
    #[schemars(length(min = 1, max = 500))]
    pub name: String,
    /// Of an alert: above what it calls somebody, such as `errors > 1 % for 5m`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub threshold: Option<String>,
    /// Routes that begin like this; `/` covers all.
    #[serde(default = "all_routes")]
    #[schemars(length(min = 1, max = 100))]
    pub covers: Vec<String>,
}

fn all_routes() -> Vec<String> {
    vec!["/".to_owned()]
}

impl Watcher {
    /// Whether it covers a route such as `/orders/{id}`. A prefix ends where a segment does.
    pub fn covers(&self, route: &str) -> bool {
        self.covers.iter().any(|prefix| {
            let prefix = prefix.trim_end_matches('/');
            route.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        })
    }
}

/// An alert that some kinds of steps are expected to raise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExpectedAlert {
    /// Its `alertname`.
    pub alert: String,
    /// Other labels that it has. `${service}`, `${environment}`, `${version}` and `${target}` are those of the step.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// The steps that raise it.
    #[schemars(length(min = 1))]
    pub during: Vec<NoisyStep>,
}

/// Steps that may set off alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoisyStep {
    Place,
    Retire,
    Route,
    Command,
}

fn tier_default() -> u8 {
    3
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Criticality {
    Low,
    #[default]
    Medium,
    High,
    Critical,
}

/// How releases of a service come about.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "camelCase")]
pub enum ReleaseModel {
    /// Every change as soon as it is ready.
    #[default]
    Continuous,
    /// Through environments one after another, each with its own word.
    Staged,
    /// On a schedule, with what is ready.
    Train,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Objectives {
    /// Percent of requests that succeed, for example 99.9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 100.0))]
    pub availability: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency_p99: Option<Millis>,
}

/// What a service cannot work without.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Dependency {
    Service(Name),
    Vendor(Name),
    Library(Name),
}

/// The deployment contract: how an agent starts, checks, configures, drains and stops the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deployment {
    /// Program and arguments; relative programs are looked up in the unpacked artifact. `${port.NAME}` and
    /// `${address}` are replaced by what the agent gave the instance.
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
    /// Port names and numbers; 0 lets the agent choose a free one. The port named `http` is what the router uses,
    /// and reaches the process as `PORT`; every port as `PORT_<NAME>`.
    #[serde(default = "ports_default")]
    pub ports: BTreeMap<Name, u16>,
    /// Environment variables. `${url.SERVICE}` is replaced by where that service is reached in the environment.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub environment: BTreeMap<String, String>,
    /// Environment variables whose values are read on the target at start, and masked in every log.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub secrets: BTreeMap<String, SecretRef>,
    pub health: Health,
    /// How long open requests may take to finish once traffic has left.
    #[serde(default = "drain_default")]
    pub drain: Millis,
    #[serde(default)]
    pub stop: Stop,
    /// Sessions stay with one version (and instance, while it lives) through a cookie.
    #[serde(default)]
    pub sticky_sessions: bool,
    /// What it logs, and whether agents send it.
    #[serde(default, skip_serializing_if = "Output::is_default")]
    pub logs: Output,
}

/// What a service writes for people to read. Agents send what it prints, and what it writes into files, line by line to the
/// control plane, which keeps the latest of it to compare versions by; never more than a bounded part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Output {
    /// Whether lines leave the host at all.
    #[serde(default = "yes")]
    pub send: bool,
    /// Files it writes lines into, by their path in the instance's folder.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 8))]
    pub files: Vec<String>,
}

fn yes() -> bool {
    true
}

impl Default for Output {
    fn default() -> Self {
        Self { send: true, files: Vec::new() }
    }
}

impl Output {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

fn ports_default() -> BTreeMap<Name, u16> {
    BTreeMap::from([("http".parse().expect("a valid name"), 0)])
}

fn drain_default() -> Millis {
    Millis::from_secs(10)
}

/// Where a secret is read, on the machine that needs it. The value never passes through the control plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum SecretRef {
    /// A file's content, without the newline at its end.
    File(String),
    /// A variable of the agent's own environment.
    Env(String),
}

/// When an instance counts as able to serve. All checks must pass.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Health {
    /// The service's own check first; checks of vendors and data it needs may follow.
    #[schemars(length(min = 1, max = 16))]
    pub checks: Vec<Check>,
    #[serde(default = "interval_default")]
    pub interval: Millis,
    #[serde(default = "timeout_default")]
    pub timeout: Millis,
    /// Failures in a row after which a running instance counts as failed.
    #[serde(default = "failure_limit_default")]
    #[schemars(range(min = 1))]
    pub failure_limit: u32,
    /// How long a new instance may take until its checks pass.
    #[serde(default = "start_period_default")]
    pub start_period: Millis,
}

fn interval_default() -> Millis {
    Millis::from_secs(5)
}

fn timeout_default() -> Millis {
    Millis::from_secs(2)
}

fn failure_limit_default() -> u32 {
    3
}

fn start_period_default() -> Millis {
    Millis::from_secs(30)
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Check {
    pub name: Name,
    pub probe: Probe,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Probe {
    /// A GET that answers 200 to 299.
    Http(HttpProbe),
    /// A connection that is accepted.
    Tcp(TcpProbe),
    /// A server that says `SERVING` by gRPC's health checking protocol (`grpc.health.v1.Health/Check`), without TLS.
    Grpc(GrpcProbe),
    /// A program that exits with 0, run in the instance's folder with its environment.
    Exec(ExecProbe),
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HttpProbe {
    /// A path on the instance itself, or a whole `http://` URL of something it needs.
    pub path: String,
    #[serde(default = "http_port")]
    pub port: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TcpProbe {
    /// `HOST:PORT` of something it needs; the instance's own `port` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default = "http_port")]
    pub port: Name,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GrpcProbe {
    /// The service that is asked about, for example `shop.v1.Orders`; the server as a whole when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// `HOST:PORT` of something it needs; the instance's own `port` when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    #[serde(default = "grpc_port")]
    pub port: Name,
}

fn grpc_port() -> Name {
    "grpc".parse().expect("a valid name")
}

fn http_port() -> Name {
    "http".parse().expect("a valid name")
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExecProbe {
    #[schemars(length(min = 1))]
    pub command: Vec<String>,
}

impl Probe {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Http(_) => "http",
            Self::Tcp(_) => "tcp",
            Self::Grpc(_) => "grpc",
            Self::Exec(_) => "exec",
        }
    }
}

/// How a process is asked to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Stop {
    #[serde(default)]
    pub signal: StopSignal,
    /// After this, SIGKILL.
    #[serde(default = "stop_timeout_default")]
    pub timeout: Millis,
}

fn stop_timeout_default() -> Millis {
    Millis::from_secs(10)
}

impl Default for Stop {
    fn default() -> Self {
        Self { signal: StopSignal::default(), timeout: stop_timeout_default() }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum StopSignal {
    #[default]
    #[serde(rename = "SIGTERM")]
    Term,
    #[serde(rename = "SIGINT")]
    Int,
    #[serde(rename = "SIGQUIT")]
    Quit,
}
