//! A site of real processes: a control plane, a router and hosts with their agents, each on loopback addresses of its
//! own, and the service `web` that is shipped to the environment `production`.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use shipway_api::Client;
use shipway_api::client::Error;
use shipway_api::operations::agent::ListAgents;
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_api::operations::blob::{BlobPath, PutBlob};
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease};
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::operations::rollout::{NewRollout, RolloutPath, ShowRollout, StartRollout};
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_api::view::rollout::RolloutView;
use shipway_api::view::traffic::TargetCondition;
use shipway_model::event::Role;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Part};
use shipway_model::{Digest, RolloutId};
use tempfile::TempDir;

use crate::program::{Said, run};
use journal::Journals;
use process::Process;
use running::Running;
use service::Behaviour;
use witness::Witness;

mod addresses;
mod journal;
pub(crate) mod process;
pub(crate) mod running;
pub(crate) mod service;
mod witness;

/// Nothing that a site waits for takes this long.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
const ROUTER_TOKEN: &str = "the-router-of-the-tests";

pub(crate) struct Site {
    folder: TempDir,
    /// Of the control plane, the router and the router's listener.
    address: Ipv4Addr,
    token: String,
    control_plane: Option<Process>,
    router: Process,
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
        let folder = tempfile::tempdir().expect("a folder can be made");
        Self::in_folder(folder, strategy).await
    }

    pub(crate) async fn in_folder(folder: TempDir, strategy: &str) -> Self {
        let address = addresses::next();
        let state = folder.path().join("router.json").display().to_string();
        let args = ["router", "--admin", &format!("{address}:7001"), "--state", &state, "--workers", "1"];
        let router = Process::start(folder.path(), "router", &args, &router_token());
        let (token, hosts, witness) = (String::new(), BTreeMap::new(), Witness::default());
        let mut site = Self { folder, address, token, control_plane: None, router, hosts, witness };
        site.start_control_plane().await;
        let token = std::fs::read_to_string(site.path().join("admin-token")).expect("it was written");
        token.trim().clone_into(&mut site.token);
        site.apply(&site.declarations(strategy)).await.expect("the declarations are valid");
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The control plane's folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.path().join("control-plane")
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

    fn declarations(&self, strategy: &str) -> String {
        let address = self.address;
        format!(
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
      timeout: 300ms
      failureLimit: 2
      startPeriod: 3s
    drain: 100ms
    stop: {{timeout: 2s}}
---
apiVersion: shipway.dev/v1
kind: Strategy
metadata: {{name: chosen}}
spec: {strategy}
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: {{name: production}}
spec:
  targets: {{production: 'true'}}
  strategy: chosen
  stepTimeout: 30s
  router:
    admin: http://{address}:7001
    listen: {{web: "{address}:8080"}}
"#
        )
    }

    pub(crate) async fn apply(&self, text: &str) -> Result<(), Error> {
        let files = vec![SourceFile { path: "site.yaml".to_owned(), text: text.to_owned() }];
        self.client().call::<ApplyResources>((), (), ApplyRequest { files, dry_run: false }).await?;
        Ok(())
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
        let (data, listen) = (self.data().display().to_string(), format!("{}:7000", self.address));
        let token_file = self.path().join("admin-token").display().to_string();
        let mut args = vec!["serve", "--data", &data, "--listen", &listen];
        if self.token.is_empty() {
            args.extend(["--admin-token-file", &token_file]);
        }
        let mut process = Process::start(self.path(), "control-plane", &args, &router_token());
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

    pub(crate) fn control_plane(&self) -> &Process {
        self.control_plane.as_ref().expect("it runs")
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
        let new = NewToken { name: host.to_owned(), role: Role::Agent, expires: None };
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

    pub(crate) async fn agents_are_ready(&self) {
        let client = self.client();
        wait_for("the agents have registered", async || {
            let agents = client.call::<ListAgents>((), Default::default(), ()).await.expect("an answer");
            agents.value.items.len() == self.hosts.len()
        })
        .await;
    }

    /// The services that really run, in the order of hosts and versions.
    pub(crate) fn services(&self) -> Vec<Running> {
        running::services(self.path())
    }
}

/// Releases and rollouts.
impl Site {
    /// A version of `web`, registered and in a sealed release `site@VERSION`.
    pub(crate) async fn release(&self, version: &str, behaviour: Behaviour) -> Digest {
        let archive = service::pack(self.path(), version, behaviour);
        self.release_archive(version, std::fs::read(archive).expect("it was packed")).await
    }

    pub(crate) async fn release_archive(&self, version: &str, archive: Vec<u8>) -> Digest {
        let client = self.client();
        let digest = Digest::of(&archive);
        let artifact = Artifact {
            service: "web".parse().expect("a name"),
            version: version.parse().expect("a version"),
            digest,
            size_bytes: archive.len() as u64,
            format: ArchiveFormat::TarGz,
            commit: String::new(),
            builder: String::new(),
            provenance: None,
        };
        let part = Part {
            version: artifact.version.clone(),
            artifact: digest,
            variants: BTreeMap::new(),
            configuration: None,
        };
        let bundle = Bundle {
            name: "site".parse().expect("a name"),
            version: artifact.version.clone(),
            parts: BTreeMap::from([(artifact.service.clone(), part)]),
            documents: BTreeMap::new(),
        };
        client.call::<PutBlob>(BlobPath { digest }, (), archive.into()).await.expect("it is stored");
        client.call::<RegisterArtifact>((), (), artifact).await.expect("it is registered");
        client.call::<CreateRelease>((), (), bundle).await.expect("it is created");
        let release = format!("site@{version}").parse().expect("a selector");
        client.call::<SealRelease>(ReleasePath { release }, (), ()).await.expect("it is sealed");
        digest
    }

    pub(crate) fn new_rollout(version: &str) -> NewRollout {
        NewRollout {
            release: format!("site@{version}").parse().expect("a selector"),
            environment: "production".parse().expect("a name"),
            plan_digest: None,
        }
    }

    pub(crate) async fn start_rollout(&self, version: &str) -> RolloutId {
        let call = self.client().call::<StartRollout>((), (), Self::new_rollout(version));
        call.await.expect("it starts").value.summary.id
    }

    pub(crate) async fn rollout(&self, id: RolloutId) -> Result<RolloutView, Error> {
        Ok(self.client().call::<ShowRollout>(RolloutPath { rollout: id }, (), ()).await?.value)
    }

    /// Looks at a rollout, over restarts of the control plane, until `is_so`.
    pub(crate) async fn until(
        &self,
        id: RolloutId,
        what: &str,
        is_so: impl Fn(&RolloutView) -> bool,
    ) -> RolloutView {
        let began = Instant::now();
        loop {
            let seen = self.rollout(id).await;
            match seen {
                Ok(view) if is_so(&view) => return view,
                Err(error) if !error.is_transient() => panic!("{error}"),
                seen => assert!(began.elapsed() < PATIENCE, "not {what}: {seen:#?}"),
            }
            tokio::time::sleep(LOOK_INTERVAL).await;
        }
    }

    pub(crate) async fn ended(&self, id: RolloutId) -> RolloutView {
        let ended =
            self.until(id, "ended", |it| it.summary.phase.is_ended() || it.summary.phase.word() == "halted");
        ended.await
    }

    /// Releases a good version and ships it everywhere.
    pub(crate) async fn ship(&self, version: &str) {
        self.release(version, Behaviour::GOOD).await;
        let id = self.start_rollout(version).await;
        assert_ended(&self.ended(id).await, "succeeded");
    }

    /// The version that answers through the router.
    pub(crate) async fn answering(&self) -> String {
        let url = format!("http://{}:8080/", self.address);
        let answer =
            reqwest::Client::new().get(url).timeout(Duration::from_secs(5)).send().await.expect("an answer");
        assert_eq!(answer.status(), 200);
        answer.text().await.expect("a text")
    }
}

/// What must hold at the end of every test.
impl Site {
    /// Reads the ledger's news; what was read before must still be there at the end.
    pub(crate) async fn look(&mut self) {
        let client = self.client();
        self.witness.look(&client).await.expect("the ledger can be read");
    }

    /// Only `version` runs, one on each host, each known to be healthy; nothing was done twice and nothing is lost.
    pub(crate) async fn conclude(&mut self, id: RolloutId, version: &str) {
        self.conclude_with_crashes(id, version, 0).await;
    }

    /// The same where services were killed `n_crashes` times.
    pub(crate) async fn conclude_with_crashes(&mut self, id: RolloutId, version: &str, n_crashes: u32) {
        let view = self.rollout(id).await.expect("an answer");
        let known: Vec<_> = view
            .targets
            .iter()
            .filter(|it| it.condition != TargetCondition::Failed)
            .map(|it| (it.target.to_string(), it.version.to_string(), it.condition))
            .collect();
        let expected = self.hosts.keys().map(|host| ((*host).to_owned(), version.to_owned()));
        let expected: Vec<_> =
            expected.map(|(host, version)| (host, version, TargetCondition::Healthy)).collect();
        assert_eq!(known, expected, "what is known of the targets");
        let running = self.services().into_iter().map(|it| (it.host, it.version, TargetCondition::Healthy));
        assert_eq!(running.collect::<Vec<_>>(), expected, "what really runs");
        assert_eq!(self.answering().await, version);
        self.assert_nothing_twice(n_crashes);
        self.assert_nothing_lost().await;
    }

    /// Each effect was begun once, and each instance started once but for those that were killed.
    pub(crate) fn assert_nothing_twice(&self, n_crashes: u32) {
        let journals = Journals::read(self.path(), self.hosts.keys().copied());
        assert_eq!(journals.begun_twice(), [""; 0], "begun twice");
        assert!(!journals.begun.is_empty(), "the journals know of effects");
        assert_eq!(journals.started, journals.desired + n_crashes, "{journals:?}");
    }

    /// What was read before is still there, also after a crash, and all of it verifies.
    pub(crate) async fn assert_nothing_lost(&mut self) {
        self.look().await;
        self.witness.assert_nothing_twice();
        self.kill_control_plane();
        let data = self.data().display().to_string();
        let verified = run(self.path(), &["ledger", "verify", "--data", &data]);
        assert_eq!(verified.code, 0, "{}", verified.err);
        let sound = format!("sound: {} events", self.witness.size());
        assert!(verified.out.contains(&sound), "{} instead of {sound}", verified.out);
        self.start_control_plane().await;
        let mut again = Witness::default();
        again.look(&self.client()).await.expect("the ledger can be read");
        self.witness.assert_begins(&again);
    }
}

impl Drop for Site {
    fn drop(&mut self) {
        // Agents first: they would start again what is killed.
        self.hosts.clear();
        self.control_plane = None;
        self.router.kill();
        running::kill_all(self.folder.path());
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
