//! What the drivers' tests stand on: a control plane with its worker, one service `web` on one host, and an agent that
//! says of instances what the test has prepared.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use shipway_engine::{Command, Rollout};
use shipway_integrations::drivers::{self, Config};
use shipway_integrations::history::History;
use shipway_integrations::router::{Router, RouterConfig};
use shipway_ledger::SigningKey;
use shipway_model::analysis::Block;
use shipway_model::effect::{Direction, EffectKey, Lease, Order, Outcome, Performer, Success};
use shipway_model::event::{Body, Event, Stream};
use shipway_model::plan::StepId;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::{Digest, Name, RolloutId, Version};
use shipway_runtime::driver::{Judge, LogSink as _};
use shipway_runtime::log_store::LogStore;
use shipway_runtime::memory::MemoryDisk;
use shipway_runtime::suite::ManualClock;
use shipway_runtime::worker::{self, Tools, Worker};
use shipway_runtime::{LeaseRequest, OsEntropy, Runtime, Submission};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// More than anything here takes; reached only by something that hangs.
const PATIENCE: Duration = Duration::from_secs(30);
const HOST: &str = "host-a";

pub(super) struct World {
    pub(super) runtime: Runtime,
    pub(super) clock: ManualClock,
    pub(super) logs: LogStore,
    tools: Tools,
    worker: Option<Worker>,
    _agent: JoinSet<()>,
    _folder: tempfile::TempDir,
}

/// What a world is made of.
pub(super) struct Setting {
    /// What the environment `prod` has beside its targets.
    pub(super) environment: Value,
    /// Resources of other kinds: kind, name and spec.
    pub(super) resources: Vec<(&'static str, &'static str, Value)>,
    pub(super) judge: Judge,
    pub(super) router_token: Option<&'static str>,
    pub(super) history: Option<History>,
    /// What the service `web` declares beside its deployment.
    pub(super) service: Value,
    /// While this is so, the agent starts nothing.
    pub(super) is_held: Arc<AtomicBool>,
    /// Where the instances of each version answer.
    pub(super) instances: BTreeMap<&'static str, SocketAddr>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            environment: json!({}),
            resources: Vec::new(),
            judge: |_| panic!("nothing is judged here"),
            router_token: None,
            history: None,
            service: json!({}),
            is_held: Arc::default(),
            instances: BTreeMap::new(),
        }
    }
}

impl World {
    /// A world whose worker is at work.
    pub(super) async fn start(setting: Setting) -> Self {
        let mut world = Self::without_worker(setting).await;
        world.start_worker();
        world
    }

    pub(super) async fn without_worker(setting: Setting) -> Self {
        let clock = ManualClock::default();
        let config = shipway_runtime::Config {
            tenant: name("acme"),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(OsEntropy),
            signer: SigningKey::from_seed("shipway.test/acme".parse().unwrap(), &[7; 32]),
        };
        let runtime = Runtime::open(Box::new(MemoryDisk::default().open()), config).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let logs = LogStore::open(folder.path()).unwrap();
        let router_token = setting.router_token.map(str::to_owned);
        let tools = Tools {
            drivers: drivers::all(Config {
                router_token,
                history: setting.history.clone(),
                ..Config::default()
            }),
            judge: setting.judge,
            logs: Arc::new(logs.clone()),
        };
        let mut agent = JoinSet::new();
        agent.spawn(be_agent(runtime.clone(), setting.instances.clone(), setting.is_held.clone()));
        let world = Self { runtime, clock, logs, tools, worker: None, _agent: agent, _folder: folder };
        world.declare(setting).await;
        world
    }

    pub(super) fn start_worker(&mut self) {
        self.worker = Some(worker::start(self.runtime.clone(), self.tools.clone()));
    }

    /// Stops the worker and lets its leases end, as when the control plane dies.
    pub(super) async fn stop_worker(&mut self) {
        self.worker.take().expect("a worker is at work").stop().await;
        self.clock.advance(Duration::from_secs(60));
    }

    async fn declare(&self, setting: Setting) {
        let mut environment = json!({"targets": {"site": "test"}});
        environment.as_object_mut().unwrap().extend(setting.environment.as_object().unwrap().clone());
        let check = json!({"name": "up", "probe": {"tcp": {"port": "http"}}});
        let deployment = json!({"command": ["./web"], "ports": {"http": 0}, "health": {"checks": [check]}});
        let mut service = json!({"owner": "shop", "deployment": deployment});
        service.as_object_mut().unwrap().extend(setting.service.as_object().unwrap().clone());
        let mut documents = vec![
            ("Team", "shop", json!({})),
            ("Service", "web", service),
            ("Environment", "prod", environment),
        ];
        documents.extend(setting.resources);
        let resource = |(kind, name, spec): (&str, &str, Value)| {
            let document = json!({"apiVersion": "shipway.dev/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
            serde_json::from_value(document).unwrap()
        };
        let resources = documents.into_iter().map(resource).collect();
        self.submit(Command::ApplyResources { resources }).await;
        let labels = BTreeMap::from([("site".to_owned(), "test".to_owned())]);
        let (host, address) = (name(HOST), Ipv4Addr::LOCALHOST.into());
        self.submit(Command::RegisterAgent { host, address, labels }).await;
    }

    /// Seals a release of this version of `web`, and starts its rollout.
    pub(super) async fn ship(&self, version: &str) -> RolloutId {
        let (service, version, digest) =
            (name("web"), version.parse::<Version>().unwrap(), Digest::of(version.as_bytes()));
        let artifact = Artifact {
            service: service.clone(),
            version: version.clone(),
            digest,
            size_bytes: 1,
            format: ArchiveFormat::TarGz,
            commit: String::new(),
            builder: String::new(),
            provenance: None,
            source: None,
        };
        self.submit(Command::RegisterArtifact { artifact }).await;
        let id = self.runtime.new_release_id();
        let part = Part {
            version: version.clone(),
            artifact: digest,
            variants: BTreeMap::new(),
            configuration: None,
        };
        let parts = BTreeMap::from([(service, part)]);
        let bundle = Bundle {
            name: name("site"),
            version,
            parts,
            documents: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        self.submit(Command::CreateRelease { id, bundle }).await;
        self.submit(Command::SealRelease { id }).await;
        let (release, id) = (id, self.runtime.new_rollout_id());
        self.submit(Command::StartRollout { id, release, environment: name("prod"), plan: None }).await;
        id
    }

    /// Ships a version and waits until that has ended well.
    pub(super) async fn ship_well(&self, version: &str) {
        let id = self.ship(version).await;
        let rollout =
            self.wait(id, |it| (it.has_ended() || it.cause.is_some() || is_halted(it)).then(|| it.clone()));
        let rollout = rollout.await;
        assert!(rollout.has_ended() && rollout.cause.is_none(), "{:?}", rollout.phase);
    }

    /// Waits until the first step of this kind (`http`, `analyse`) has an outcome.
    pub(super) async fn outcome(&self, id: RolloutId, word: &str) -> Outcome {
        self.wait(id, |it| it.step(step(it, word)?)?.result.as_deref().cloned()).await
    }

    /// Waits until `look` sees in the rollout what it looks for.
    pub(super) async fn wait<T>(&self, id: RolloutId, look: impl Fn(&Rollout) -> Option<T>) -> T {
        let mut grown = self.runtime.subscribe();
        let waiting = async {
            loop {
                grown.mark_unchanged();
                let seen = self.runtime.state().rollouts.live.get(&id).and_then(&look);
                match seen {
                    Some(seen) => return seen,
                    None => grown.changed().await.expect("the runtime is open"),
                }
            }
        };
        tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| {
            panic!(
                "never seen in {:#?}",
                self.runtime.state().rollouts.live.get(&id).map(|it| (&it.phase, &it.steps))
            )
        })
    }

    /// The blocks that were recorded of the first step of this kind.
    pub(super) async fn blocks(&self, id: RolloutId, word: &str) -> Vec<Block> {
        let wanted = step(&self.runtime.state().rollouts.live[&id], word);
        let records = self.runtime.stream(&Stream::Rollout(id), 0, 1000).await.unwrap();
        let block_of = |bytes: &[u8]| match serde_json::from_slice::<Event>(bytes).unwrap().body {
            Body::StepObserved { step, block, .. } if Some(step) == wanted => Some(*block),
            _ => None,
        };
        records.iter().filter_map(|it| block_of(&it.bytes)).collect()
    }

    /// The log of the first attempt at the first step of this kind.
    pub(super) fn log(&self, id: RolloutId, word: &str) -> String {
        let state = self.runtime.state();
        let Some(step) = step(&state.rollouts.live[&id], word) else { return String::new() };
        let key = EffectKey { rollout: id, step, direction: Direction::Do, attempt: 1 };
        String::from_utf8(self.logs.read(&key, 0, 1 << 20).unwrap()).unwrap()
    }

    pub(super) async fn wait_for_log(&self, id: RolloutId, word: &str, text: &str) {
        wait_until(&format!("`{text}` in the log"), async || self.log(id, word).contains(text)).await;
    }

    pub(super) async fn submit(&self, command: Command) {
        let submission = Submission { actor: "ada".to_owned(), key: None, command, generation: None };
        self.runtime.submit(submission).await.unwrap();
    }
}

/// A pipeline of one stage, as the setting of a world.
pub(super) fn stage(run: Value) -> Setting {
    timed_stage(run, "20s")
}

pub(super) fn timed_stage(run: Value, timeout: &str) -> Setting {
    let stages = json!([{"name": "only", "run": run, "timeout": timeout}]);
    Setting {
        environment: json!({"pipeline": "line"}),
        resources: vec![("Pipeline", "line", json!({"stages": stages}))],
        ..Setting::default()
    }
}

/// An environment behind this router whose releases go by this strategy.
pub(super) fn routed(admin: SocketAddr, listen: SocketAddr, strategy: Value) -> Setting {
    Setting {
        environment: json!({
            "router": {"admin": format!("http://{admin}"), "listen": {"web": listen}},
            "strategy": "careful",
        }),
        resources: vec![("Strategy", "careful", strategy)],
        ..Setting::default()
    }
}

pub(super) async fn start_router(admin: SocketAddr, config: impl FnOnce(&mut RouterConfig)) -> Router {
    let mut all = RouterConfig { admin, state_file: None, token: None, workers: 1 };
    config(&mut all);
    Router::start(all).await.unwrap()
}

/// Port 0 of a loopback address that nobody else uses, so that what listened there can listen there again: elsewhere
/// a port that is let go may be given to another test.
pub(super) fn any_port() -> SocketAddr {
    static N_GIVEN: AtomicU16 = AtomicU16::new(1);
    let [high, low] = N_GIVEN.fetch_add(1, Relaxed).to_be_bytes();
    // Tests may run in processes of their own.
    let process = u8::try_from(std::process::id() % 250).unwrap() + 1;
    SocketAddr::from(([127, process, high, low], 0))
}

/// An address on which nobody listens, unless the test makes somebody.
pub(super) async fn free_address() -> SocketAddr {
    TcpListener::bind(any_port()).await.unwrap().local_addr().unwrap()
}

/// One request on a connection of its own: the status and the body; nothing when nobody answers.
pub(super) async fn ask(address: SocketAddr, request: Request<String>) -> Option<(u16, String)> {
    let stream = TcpStream::connect(address).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    let mut driving = JoinSet::new();
    driving.spawn(async move { drop(connection.await) });
    let (mut head, body) = request.into_parts();
    head.headers.insert("host", "shop.example".parse().unwrap());
    let answer = sender.send_request(Request::from_parts(head, Full::<Bytes>::from(body))).await.ok()?;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.ok()?.to_bytes();
    Some((status, String::from_utf8(body.to_vec()).unwrap()))
}

pub(super) async fn get(address: SocketAddr, path: &str) -> Option<(u16, String)> {
    ask(address, Request::get(path).body(String::new()).unwrap()).await
}

/// Asks for `/` again and again, for as long as what is returned lives.
pub(super) fn traffic(address: SocketAddr) -> JoinSet<()> {
    let mut asking = JoinSet::new();
    asking.spawn(async move {
        loop {
            get(address, "/").await;
            tokio::task::yield_now().await;
        }
    });
    asking
}

pub(super) async fn wait_until(what: &str, holds: impl AsyncFn() -> bool) {
    let waiting = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// The reason of a failure and whether another attempt may help.
pub(super) fn failure(outcome: &Outcome) -> (&str, bool) {
    match outcome {
        Outcome::Failed { reason, retryable, .. } => (reason, *retryable),
        Outcome::Succeeded { .. } => panic!("{outcome:?} is no failure"),
    }
}

/// What a call or a journey says of itself.
pub(super) fn summary(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Succeeded { result: Success::Completed { summary } } => summary,
        _ => panic!("{outcome:?} has no summary"),
    }
}

pub(super) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

/// The first step of this kind.
pub(super) fn step(rollout: &Rollout, word: &str) -> Option<StepId> {
    rollout.plan.steps.iter().find(|it| it.action.word() == word).map(|it| it.id)
}

fn is_halted(rollout: &Rollout) -> bool {
    matches!(rollout.phase, shipway_engine::Phase::Halted { .. })
}

async fn be_agent(runtime: Runtime, instances: BTreeMap<&'static str, SocketAddr>, is_held: Arc<AtomicBool>) {
    let performer = Performer::Agent(name(HOST));
    loop {
        let (wait, ttl) = (Duration::from_secs(20), Duration::from_secs(60));
        let request = LeaseRequest { max: 8, wait, ttl, ..LeaseRequest::default() };
        for lease in runtime.lease(performer.clone(), request).await.unwrap().leases {
            let Lease { effect, generation, .. } = lease;
            let result = match &effect.order {
                Order::Place { instance, .. } => {
                    while is_held.load(Relaxed) {
                        tokio::time::sleep(Duration::from_millis(5)).await;
                    }
                    Success::Placed { address: instances[instance.version.as_str()] }
                }
                Order::Retire { .. } => Success::Retired {},
                Order::Verify { .. } => Success::Verified {},
                other => panic!("this world's agent has no {other:?}"),
            };
            let (key, outcome) = (effect.key, Outcome::Succeeded { result });
            let command = Command::Report { key, outcome };
            let actor = format!("agent:{HOST}");
            let submission = Submission { actor, key: None, command, generation: Some((key, generation)) };
            runtime.submit(submission).await.unwrap();
        }
    }
}
