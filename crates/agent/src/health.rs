//! Health: the checks of a contract, run against one instance. A probe that hangs has failed after its timeout.

mod grpc;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use rustix::process::Signal;
use shipway_model::Name;
use shipway_model::resource::service::{Check, ExecProbe, GrpcProbe, Health, HttpProbe, Probe, TcpProbe};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::process::{self, Ending, Process};

/// What the checks of one instance look at.
pub(crate) struct Subject {
    pub(crate) address: IpAddr,
    pub(crate) ports: BTreeMap<Name, u16>,
    pub(crate) folder: PathBuf,
    pub(crate) environment: BTreeMap<String, String>,
    pub(crate) health: Health,
    http: reqwest::Client,
}

impl Subject {
    pub(crate) fn new(
        address: IpAddr,
        ports: BTreeMap<Name, u16>,
        folder: PathBuf,
        environment: BTreeMap<String, String>,
        health: Health,
    ) -> Result<Self, String> {
        // A kept connection would say that a server lives which accepts no new ones.
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(0)
            .build()
            .map_err(|fault| format!("no HTTP client: {fault}"))?;
        Ok(Self { address, ports, folder, environment, health, http })
    }

    /// Runs all checks side by side. The error names those that failed, and why.
    pub(crate) async fn check(&self) -> Result<(), String> {
        let results = join_all(self.health.checks.iter().map(|it| self.check_one(it))).await;
        let failed: Vec<String> = results.into_iter().filter_map(Result::err).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed.join("; ")) }
    }

    async fn check_one(&self, check: &Check) -> Result<(), String> {
        let time = self.health.timeout;
        let result = match &check.probe {
            // This one has to tidy up after its timeout.
            Probe::Exec(probe) => self.exec(probe).await,
            Probe::Http(probe) => {
                timeout(time.duration(), self.http(probe)).await.unwrap_or_else(|_| too_slow(time))
            }
            Probe::Tcp(probe) => {
                timeout(time.duration(), self.tcp(probe)).await.unwrap_or_else(|_| too_slow(time))
            }
            Probe::Grpc(probe) => {
                timeout(time.duration(), self.grpc(probe)).await.unwrap_or_else(|_| too_slow(time))
            }
        };
        result.map_err(|reason| format!("check `{}` failed: {reason}", check.name))
    }

    async fn http(&self, probe: &HttpProbe) -> Result<(), String> {
        let url = if probe.path.starts_with("http://") {
            probe.path.clone()
        } else {
            format!("http://{}/{}", self.own(&probe.port)?, probe.path.trim_start_matches('/'))
        };
        let response = self.http.get(&url).send().await;
        let status = response.map_err(|fault| format!("GET {url}: {}", deepest(&fault)))?.status();
        if status.is_success() { Ok(()) } else { Err(format!("GET {url} answered {status}")) }
    }

    async fn tcp(&self, probe: &TcpProbe) -> Result<(), String> {
        let address = self.endpoint(probe.address.as_deref(), &probe.port)?;
        connect(&address).await.map(drop)
    }

    async fn grpc(&self, probe: &GrpcProbe) -> Result<(), String> {
        let address = self.endpoint(probe.address.as_deref(), &probe.port)?;
        let service = probe.service.as_deref().unwrap_or_default();
        let answer = grpc::ask(connect(&address).await?, &address, service).await;
        answer.map_err(|reason| match service {
            "" => format!("{address} {reason}"),
            service => format!("{address} {reason} when asked about {service}"),
        })
    }

    async fn exec(&self, probe: &ExecProbe) -> Result<(), String> {
        let [program, arguments @ ..] = &probe.command[..] else { return Err("no command".to_owned()) };
        let found = process::resolve(&self.folder, program).ok_or(format!("`{program}` was not found"))?;
        let mut command = Command::new(found);
        command.args(arguments).env_clear().envs(&self.environment).current_dir(&self.folder);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut running = Process::start(command).map_err(|fault| format!("`{program}`: {fault}"))?;
        let time = self.health.timeout;
        // A task of its own: it ends the process also when nobody waits for the result any more.
        let ending = tokio::spawn(async move {
            let ended = timeout(time.duration(), running.ended()).await;
            if ended.is_err() {
                running.stop(Signal::KILL, Duration::ZERO).await;
            }
            ended
        });
        match ending.await.expect("watching a process does not panic") {
            Ok(Ending::Code(0)) => Ok(()),
            Ok(ending) => Err(format!("`{program}` {ending}")),
            Err(_) => too_slow(time),
        }
    }

    /// Of something that it needs, or its own.
    fn endpoint(&self, address: Option<&str>, port: &Name) -> Result<String, String> {
        address.map_or_else(|| Ok(self.own(port)?.to_string()), |it| Ok(it.to_owned()))
    }

    fn own(&self, port: &Name) -> Result<SocketAddr, String> {
        let number = self.ports.get(port).ok_or(format!("the contract has no port `{port}`"))?;
        Ok(SocketAddr::new(self.address, *number))
    }
}

async fn connect(address: &str) -> Result<TcpStream, String> {
    TcpStream::connect(address).await.map_err(|fault| format!("connecting to {address}: {fault}"))
}

fn too_slow(time: shipway_model::Millis) -> Result<(), String> {
    Err(format!("no answer within {time}"))
}

fn deepest(fault: &(dyn std::error::Error + 'static)) -> String {
    match fault.source() {
        Some(source) => deepest(source),
        None => match fault.downcast_ref::<std::io::Error>() {
            Some(it) => it.to_string(),
            None => fault.to_string(),
        },
    }
}
