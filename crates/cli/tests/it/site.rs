//! A site of real processes: a control plane, a router and hosts with their agents, each on loopback addresses of its
//! own, and the service `web` that is shipped to the environment `production`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustix::process::Signal;
use shipway_api::Client;
use shipway_api::operations::agent::ListAgents;
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_api::view::rollout::RolloutView;
use shipway_model::event::Role;
use tempfile::TempDir;

use crate::cluster::Cluster;
use crate::program::{Said, run};
use disk::Disk;
use fleet::Fleet;
use process::Process;
use proxy::Proxy;
use running::Running;
use witness::Witness;

mod addresses;
mod conclusion;
mod database;
mod disk;
pub(crate) mod fleet;
pub(crate) mod journal;
mod line;
mod process;
mod proxy;
mod running;
pub(crate) mod service;
mod shipping;
pub(crate) mod traffic;
pub(crate) mod witness;

/// Nothing that a site waits for takes this long.
const PATIENCE: Duration = Duration::from_secs(120);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// The name of its folder and of its log.
const CONTROL_PLANE: &str = "control-plane";
const ROUTER_TOKEN: &str = "the-router-of-the-tests";

/// How long a check of the health of `web` may take, and its start.
#[derive(Clone, Copy)]
pub(crate) struct Limits {
    timeout: &'static str,
    start_period: &'static str,
}

/// So that a busy machine does not look like a sick service.
pub(crate) const PATIENT: Limits = Limits { timeout: "5s", start_period: "30s" };
/// Between the two.
pub(crate) const HURRIED: Limits = Limits { timeout: "2s", start_period: "4s" };
/// So that a sick service is found soon.
pub(crate) const IMPATIENT: Limits = Limits { timeout: "300ms", start_period: "1s" };

/// A loopback address that nobody else uses.
pub(crate) fn address() -> Ipv4Addr {
    addresses::next()
}

pub(crate) struct Site {
    folder: TempDir,
    /// Of the control plane, the router and the router's listener.
    address: Ipv4Addr,
    token: String,
    strategy: String,
    /// Another line of the environment's declaration.
    environment: &'static str,
    control_plane: Option<Process>,
    /// Instead of the one control plane, when there are several.
    fleet: Option<Fleet>,
    router: Option<Process>,
    /// That of the control plane, when it has one of its own.
    pub(crate) disk: Option<Disk>,
    hosts: BTreeMap<&'static str, Host>,
    pub(crate) witness: Witness,
}

struct Host {
    address: Ipv4Addr,
    token: String,
    /// Where its agent calls, and what it finds in its environment.
    server: String,
    variables: Vec<(&'static str, String)>,
    agent: Option<Process>,
}

impl Site {
    /// A site whose `hosts` are ready, with a strategy as its YAML says.
    pub(crate) async fn start(hosts: &[&'static str], strategy: &str) -> Self {
        let mut site = Self::without_hosts(strategy).await;
        for host in hosts {
            site.add_host(host, site.url(), Vec::new()).await;
        }
        site.agents_are_ready().await;
        site
    }

    /// A control plane and a router, and everything declared.
    pub(crate) async fn without_hosts(strategy: &str) -> Self {
        Self::in_folder(tempfile::tempdir().expect("a folder can be made"), None, None, strategy).await
    }

    /// The same with several control planes over a database, and hosts whose agents call any of them.
    pub(crate) async fn of_replicas(
        n_replicas: usize,
        cluster: Cluster,
        hosts: &[&'static str],
        strategy: &str,
    ) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut site = Self::in_folder(folder, None, Some((cluster, n_replicas)), strategy).await;
        for host in hosts {
            site.add_host(host, site.url(), Vec::new()).await;
        }
        site.agents_are_ready().await;
        site
    }

    /// The same with a small disk for the control plane.
    pub(crate) async fn on_disk_of(size: &str, strategy: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let disk = Disk::mount(&folder.path().join(CONTROL_PLANE), size);
        Self::in_folder(folder, Some(disk), None, strategy).await
    }

    async fn in_folder(
        folder: TempDir,
        disk: Option<Disk>,
        replicas: Option<(Cluster, usize)>,
        strategy: &str,
    ) -> Self {
        let address = addresses::next();
        let (token, hosts, witness) = (String::new(), BTreeMap::new(), Witness::default());
        let fleet = match replicas {
            Some((cluster, n_replicas)) => Some(Fleet::over(cluster, n_replicas, address).await),
            None => None,
        };
        let (control_plane, router, strategy) = (None, None, strategy.to_owned());
        let mut site = Self {
            folder,
            address,
            token,
            strategy,
            environment: "",
            control_plane,
            fleet,
            router,
            disk,
            hosts,
            witness,
        };
        site.start_router();
        site.start_control_plane().await;
        let token = std::fs::read_to_string(site.path().join("admin-token")).expect("it was written");
        token.trim().clone_into(&mut site.token);
        site.declare_limits(PATIENT).await;
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The control plane's folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join(CONTROL_PLANE)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}:7000", self.address)
    }

    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(&self.url(), self.token.clone()).expect("a valid address")
    }

    /// Declares more, and from now on has this line in the environment's declaration.
    pub(crate) async fn declare_with(&mut self, yaml: &str, environment: &'static str) {
        self.declare_more(yaml).await;
        self.environment = environment;
    }

    /// Declares the same again with these limits.
    pub(crate) async fn declare_limits(&self, limits: Limits) {
        self.declare(&self.strategy, limits).await;
    }

    /// Declares `web`, with these limits of its health checks, and where it is shipped to.
    pub(crate) async fn declare(&self, strategy: &str, limits: Limits) {
        let (production, Limits { timeout, start_period }) = (self.production(), limits);
        let text = format!(
            r#"
apiVersion: shipway.dev/v1
kind: Team
metadata: {{name: crew}}
spec: {{members: [admin]}}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: {{name: web}}
spec:
  owner: crew
  deployment:
    command: [python3, -ISu, service.py]
    health:
      checks: [{{name: up, probe: {{http: {{path: /healthz}}}}}}]
      interval: 200ms
      timeout: {timeout}
      failureLimit: 5
      startPeriod: {start_period}
    drain: 100ms
    stop: {{timeout: 2s}}
---
apiVersion: shipway.dev/v1
kind: Strategy
metadata: {{name: chosen}}
spec: {strategy}
---{production}"#
        );
        self.declare_more(&text).await;
    }

    /// Declares something beside that.
    pub(crate) async fn declare_more(&self, text: &str) {
        let file = SourceFile { path: "site.yaml".to_owned(), text: text.to_owned() };
        let apply = ApplyRequest { files: vec![file], dry_run: false };
        self.client().call::<ApplyResources>((), (), apply).await.expect("the declarations are valid");
    }

    /// Declares the environment again, with these lines of its spec.
    pub(crate) async fn declare_in_production(&self, lines: &str) {
        self.declare_more(&format!("{}{lines}\n", self.production())).await;
    }

    fn production(&self) -> String {
        let (address, environment) = (self.address, self.environment);
        format!(
            r#"
apiVersion: shipway.dev/v1
kind: Environment
metadata: {{name: production}}
spec:
  targets: {{production: 'true'}}
  strategy: chosen
  stepTimeout: 30s
  {environment}
  router:
    admin: http://{address}:7001
    listen: {{web: "{address}:8080"}}
"#
        )
    }

    /// Where `web` is reached.
    pub(crate) fn entry(&self) -> String {
        format!("http://{}:8080/", self.address)
    }

    /// What `shipway` says against this control plane.
    pub(crate) fn shipway(&self, args: &[&str]) -> Said {
        let connection = ["--server", &self.url(), "--token", &self.token];
        run(self.path(), &[args, &connection[..]].concat())
    }
}

/// The control plane.
impl Site {
    /// Starts it, and returns when it is ready.
    pub(crate) async fn start_control_plane(&mut self) {
        if let Some(fleet) = &mut self.fleet {
            let token_file = self.folder.path().join("admin-token").display().to_string();
            for idx in 0..fleet.len() {
                // The first to start issues it.
                let is_first = self.token.is_empty() && idx == 0;
                fleet.start(self.folder.path(), idx, is_first.then_some(&token_file)).await;
            }
            return;
        }
        let (data, listen) = (self.data().display().to_string(), format!("{}:7000", self.address));
        let token_file = self.path().join("admin-token").display().to_string();
        let mut args = vec!["serve", "--data", &data, "--listen", &listen];
        if self.token.is_empty() {
            args.extend(["--admin-token-file", &token_file]);
        }
        let mut process = Process::start(self.path(), CONTROL_PLANE, &args, &router_token());
        let url = format!("{}/readyz", self.url());
        wait_for("the control plane is ready", async || {
            assert!(!process.has_ended(), "the control plane ended");
            reqwest::get(&url).await.is_ok_and(|it| it.status().is_success())
        })
        .await;
        self.control_plane = Some(process);
    }

    /// SIGKILL, as a power cut would.
    pub(crate) fn kill_control_plane(&mut self) {
        self.control_plane.take().expect("it runs").kill();
    }

    pub(crate) async fn restart_control_plane(&mut self) {
        self.kill_control_plane();
        self.start_control_plane().await;
    }

    pub(crate) fn fleet(&mut self) -> &mut Fleet {
        self.fleet.as_mut().expect("there are replicas")
    }

    /// SIGKILL of one replica, which starts again.
    pub(crate) async fn restart_replica(&mut self, idx: usize) {
        let fleet = self.fleet.as_mut().expect("there are replicas");
        fleet.kill(idx);
        fleet.start(self.folder.path(), idx, None).await;
    }

    /// How many control planes there are: killed, stopped and continued one by one.
    pub(crate) fn n_planes(&self) -> usize {
        self.fleet.as_ref().map_or(1, Fleet::len)
    }

    pub(crate) fn kill_plane(&mut self, idx: usize) {
        match &mut self.fleet {
            Some(fleet) => fleet.kill(idx),
            None => self.kill_control_plane(),
        }
    }

    pub(crate) async fn start_plane(&mut self, idx: usize) {
        match &mut self.fleet {
            Some(fleet) => fleet.start(self.folder.path(), idx, None).await,
            None => self.start_control_plane().await,
        }
    }

    pub(crate) fn stop_plane(&mut self, idx: usize) {
        match &mut self.fleet {
            Some(fleet) => fleet.stop(idx),
            None => self.control_plane().signal(Signal::STOP),
        }
    }

    pub(crate) fn continue_plane(&mut self, idx: usize) {
        match &mut self.fleet {
            Some(fleet) => fleet.go_on(idx),
            None => self.control_plane().signal(Signal::CONT),
        }
    }

    pub(crate) fn control_plane(&self) -> &Process {
        self.control_plane.as_ref().expect("it runs")
    }
}

/// The router.
impl Site {
    /// It goes on with the routes that it noted.
    pub(crate) fn start_router(&mut self) {
        let state = self.path().join("router.json").display().to_string();
        let admin = format!("{}:7001", self.address);
        let args = ["router", "--admin", &admin, "--state", &state, "--workers", "1"];
        self.router = Some(Process::start(self.path(), "router", &args, &router_token()));
    }

    pub(crate) fn kill_router(&mut self) {
        self.router.take().expect("it runs").kill();
    }
}

/// Hosts.
impl Site {
    /// Adds a host of a zone of its own, whose agent calls `server`.
    pub(crate) async fn add_host(
        &mut self,
        name: &'static str,
        server: String,
        variables: Vec<(&'static str, String)>,
    ) {
        let token = self.agent_token(name).await;
        let host = Host { address: addresses::next(), token, server, variables, agent: None };
        self.hosts.insert(name, host);
        self.start_agent(name);
    }

    /// Issues a token for the agent of `host`.
    pub(crate) async fn agent_token(&self, host: &str) -> String {
        let new = NewToken { name: host.to_owned(), role: Role::Agent, expires: None, scope: None };
        self.client().call::<IssueToken>((), (), new).await.expect("it is issued").value.secret
    }

    pub(crate) fn start_agent(&mut self, name: &str) {
        let folder = self.folder.path();
        let host = self.hosts.get_mut(name).expect("a host of the site");
        let (address, data) = (host.address.to_string(), folder.join(name).display().to_string());
        let labels = format!("production=true,zone={name}");
        let args = [
            "agent",
            "--server",
            &host.server,
            "--host",
            name,
            "--address",
            &address,
            "--labels",
            &labels,
            "--data",
            &data,
        ];
        let mut variables = host.variables.clone();
        variables.push(("SHIPWAY_TOKEN", host.token.clone()));
        host.agent = Some(Process::start(folder, &format!("agent-{name}"), &args, &variables));
    }

    /// SIGKILL. What it runs goes on.
    pub(crate) fn kill_agent(&mut self, name: &str) {
        let host = self.hosts.get_mut(name).expect("a host of the site");
        host.agent.take().expect("its agent runs").kill();
    }

    pub(crate) fn signal_agent(&self, name: &str, signal: Signal) {
        self.hosts[name].agent.as_ref().expect("its agent runs").signal(signal);
    }

    pub(crate) async fn agents_are_ready(&self) {
        let client = self.client();
        wait_for("the agents have registered", async || {
            let agents = client.call::<ListAgents>((), Default::default(), ()).await.expect("an answer");
            agents.value.items.len() == self.hosts.len()
        })
        .await;
    }

    /// When the control plane heard of `host` last, by its own clock.
    pub(crate) async fn heard(&self, host: &str) -> Timestamp {
        let agents = self.client().call::<ListAgents>((), Default::default(), ()).await.expect("an answer");
        let agent =
            agents.value.items.into_iter().find(|it| it.host.as_str() == host).expect("it is registered");
        agent.heard_at.expect("it was heard of")
    }

    /// A line to the control plane that can be cut.
    pub(crate) async fn proxy(&self) -> Proxy {
        Proxy::start((addresses::next(), 7000).into(), (self.address, 7000).into()).await
    }

    /// The services that really run, in the order of hosts and versions.
    pub(crate) fn services(&self) -> Vec<Running> {
        running::services(self.path())
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Agents first: they would start again what is killed.
        self.hosts.clear();
        (self.control_plane, self.fleet) = (None, None);
        running::kill_all(self.folder.path());
        // A folder that is mounted on cannot be removed.
        self.disk = None;
        if std::thread::panicking() {
            self.print_logs();
        }
    }
}

impl Site {
    fn print_logs(&self) {
        let Ok(logs) = std::fs::read_dir(self.path().join("logs")) else { return };
        for log in logs.flatten() {
            let text = std::fs::read_to_string(log.path()).unwrap_or_default();
            let lines: Vec<_> = text.lines().collect();
            let tail = lines[lines.len().saturating_sub(60)..].join("\n");
            eprintln!("--- {}\n{tail}", log.file_name().to_string_lossy());
        }
    }
}

fn router_token() -> [(&'static str, String); 1] {
    [("SHIPWAY_ROUTER_TOKEN", ROUTER_TOKEN.to_owned())]
}

pub(crate) fn assert_ended(view: &RolloutView, word: &str) {
    assert_eq!(view.summary.phase.word(), word, "{:#?}", view.steps);
}

/// Waits until `is_so`, and panics when that takes too long.
pub(crate) async fn wait_for(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < PATIENCE, "it never came to pass that {what}");
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}
