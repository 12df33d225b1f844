//! A running control plane to ask things of.

use std::sync::Arc;

use shipway_api::ReleaseSelector;
use shipway_api::operations::agent::{AgentRegistration, RegisterAgent};
use shipway_api::operations::artifact::RegisterArtifact;
use shipway_api::operations::release::{CreateRelease, ReleasePath, SealRelease};
use shipway_api::operations::resource::{ApplyRequest, ApplyResources, SourceFile};
use shipway_api::operations::token::{IssueToken, NewToken};
use shipway_api::{Client, Endpoint};
use shipway_ledger::SigningKey;
use shipway_model::event::Role;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::AccessPolicy;
use shipway_model::{Digest, Name};
use shipway_policy::cedar::{Action, Rules};
use shipway_runtime::log_store::LogStore;
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::telemetry::Receive;
use shipway_runtime::{Config as RuntimeConfig, OsEntropy, Runtime, SystemClock};
use shipway_server::{Config, Decide, Provider, Server, ensure_admin_token};

pub(crate) const BLOB_BYTES_MAX: u64 = 4096;

/// One service, one environment, one host's label: the least that can be shipped.
pub(crate) const FILES: &str = "
apiVersion: shipway.dev/v1
kind: Team
metadata: { name: shop }
spec: {}
---
apiVersion: shipway.dev/v1
kind: Service
metadata: { name: web, description: The shop window }
spec:
  owner: shop
  deployment:
    command: [./web]
    health: { checks: [{ name: up, probe: { http: { path: /healthz } } }] }
---
apiVersion: shipway.dev/v1
kind: Environment
metadata: { name: staging }
spec:
  targets: { stage: staging }
";

pub(crate) struct Bed {
    pub(crate) server: Server,
    pub(crate) runtime: Runtime,
    pub(crate) disk: MemoryDisk,
    pub(crate) admin_token: String,
    pub(crate) admin: Client,
    pub(crate) http: reqwest::Client,
    _data: tempfile::TempDir,
}

impl Bed {
    pub(crate) async fn start() -> Self {
        Self::start_with(None).await
    }

    pub(crate) async fn with_telemetry(telemetry: Arc<dyn Receive>) -> Self {
        Self::open(Some(telemetry), None).await
    }

    pub(crate) async fn start_with(provider: Option<Provider>) -> Self {
        Self::open(None, provider).await
    }

    async fn open(telemetry: Option<Arc<dyn Receive>>, provider: Option<Provider>) -> Self {
        let data = tempfile::tempdir().unwrap();
        let config = RuntimeConfig {
            tenant: "default".parse().unwrap(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(OsEntropy),
            signer: SigningKey::from_seed("shipway.test/default".parse().unwrap(), &[7; 32]),
        };
        let disk = MemoryDisk::default();
        let runtime = Runtime::open(Box::new(disk.open()), config).unwrap();
        let admin_token = ensure_admin_token(&runtime).await.unwrap().unwrap();
        let mut config = Config::new("127.0.0.1:0".parse().unwrap(), data.path());
        config.blob_bytes_max = BLOB_BYTES_MAX;
        config.streams_max = 4;
        config.telemetry = telemetry;
        config.read_evidence = crate::evidence::read;
        config.compile_access = compile_access;
        config.provider = provider;
        config.ask_gates = crate::gates::ask;
        let logs = LogStore::open(&data.path().join("logs")).unwrap();
        let server = Server::start(config, runtime.clone(), Arc::new(logs)).await.unwrap();
        let admin = Client::new(&format!("http://{}", server.address()), &admin_token).unwrap();
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .unwrap();
        Self { server, runtime, disk, admin_token, admin, http, _data: data }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.server.address())
    }

    /// The number of events so far: what must not change when something is refused.
    pub(crate) fn size(&self) -> u64 {
        self.runtime.head().size
    }

    pub(crate) async fn token(&self, name: &str, role: Role) -> String {
        let new = NewToken { name: name.to_owned(), role, expires: None, scope: None };
        self.admin.call::<IssueToken>((), (), new).await.unwrap().value.secret
    }

    pub(crate) async fn client(&self, name: &str, role: Role) -> Client {
        Client::new(&self.url(""), self.token(name, role).await).unwrap()
    }

    pub(crate) async fn apply(&self, text: &str) {
        let files = vec![SourceFile { path: "shop.yaml".to_owned(), text: text.to_owned() }];
        self.admin.call::<ApplyResources>((), (), ApplyRequest { files, dry_run: false }).await.unwrap();
    }

    /// A client for the agent of a host that belongs to `staging`.
    pub(crate) async fn agent(&self, host: &str) -> Client {
        let agent = self.client(host, Role::Agent).await;
        let registration = AgentRegistration {
            host: host.parse().unwrap(),
            address: "127.0.0.1".parse().unwrap(),
            labels: [("stage", "staging"), ("zone", "a")]
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        };
        agent.call::<RegisterAgent>((), (), registration).await.unwrap();
        agent
    }

    /// Stores and registers a build of `web`, and seals a release of it.
    pub(crate) async fn release(&self, version: &str) -> ReleaseSelector {
        let bytes = format!("web {version}").into_bytes();
        let artifact = self.store(&bytes).await;
        let artifact = Artifact { version: version.parse().unwrap(), ..artifact };
        let part = Part {
            version: artifact.version.clone(),
            artifact: artifact.digest,
            variants: Default::default(),
            configuration: None,
        };
        self.admin.call::<RegisterArtifact>((), (), artifact).await.unwrap();
        let bundle = Bundle {
            name: "shop".parse().unwrap(),
            version: version.parse().unwrap(),
            parts: [("web".parse().unwrap(), part)].into(),
            documents: Default::default(),
            runbooks: Default::default(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        self.admin.call::<CreateRelease>((), (), bundle).await.unwrap();
        let release: ReleaseSelector = format!("shop@{version}").parse().unwrap();
        self.admin.call::<SealRelease>(ReleasePath { release: release.clone() }, (), ()).await.unwrap();
        release
    }

    /// Stores bytes, and gives an artifact for them that is not registered yet.
    pub(crate) async fn store(&self, bytes: &[u8]) -> Artifact {
        let digest = Digest::of(bytes);
        let whole = futures_util::stream::iter([Ok::<_, std::io::Error>(bytes.to_vec())]);
        self.admin.put_blob(digest, bytes.len() as u64, whole).await.unwrap();
        Artifact {
            service: "web".parse().unwrap(),
            version: "1.0.0".parse().unwrap(),
            digest,
            size_bytes: bytes.len() as u64,
            format: ArchiveFormat::TarGz,
            commit: String::new(),
            builder: String::new(),
            provenance: None,
            source: None,
        }
    }
}

/// With Cedar, as the whole program has it.
fn compile_access(policies: &[(Name, &AccessPolicy)]) -> Result<Decide, Vec<(Name, String)>> {
    let action =
        |it: Endpoint| Action { name: it.id.to_owned(), group: it.permission.group(), changes: it.changes() };
    let actions: Vec<Action> = shipway_api::operations::all().map(action).collect();
    let rules = Rules::compile(policies, &actions)
        .map_err(|faults| faults.into_iter().map(|it| (it.policy, it.message)).collect::<Vec<_>>())?;
    Ok(Arc::new(move |question| rules.decide(question)))
}

/// The problem's code in an answer, after checking that the answer is a problem in form.
pub(crate) async fn problem(answer: reqwest::Response) -> (u16, String) {
    let status = answer.status().as_u16();
    let media = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(media, "application/problem+json");
    let problem: shipway_api::Problem = answer.json().await.unwrap();
    assert_eq!(problem.status, status);
    (status, problem.code)
}
