//! Complete rollouts per second: ten steps each, every effect leased, performed by a driver that does nothing, and
//! reported, through the real engine and SQLite with durable commits.
//!
//! `cargo bench -p shipway-cli --bench rollouts`

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_model::effect::{Order, Outcome, Success};
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::resource::strategy::Analysis;
use shipway_model::{Digest, Name, RolloutId};
use shipway_runtime::driver::{BoxFuture, Driver, Judging, Task};
use shipway_runtime::log_store::LogStore;
use shipway_runtime::worker::{self, Tools};
use shipway_runtime::{Config, OsEntropy, Runtime, Submission, SystemClock};
use shipway_store::SqliteStore;

const STEPS: usize = 10;
/// Environments, each with one rollout at a time: how many rollouts are under way together.
const WIDTHS: [usize; 3] = [1, 8, 32];
const ROUNDS: usize = 3;
const MEASURE: Duration = Duration::from_secs(5);

struct Nothing;

impl Driver for Nothing {
    fn performs(&self, _: &Order) -> bool {
        true
    }

    fn perform<'a>(&'a self, _: Task) -> BoxFuture<'a, Outcome> {
        let result = Success::Completed { summary: String::new() };
        Box::pin(std::future::ready(Outcome::Succeeded { result }))
    }
}

fn no_judge(_: &Analysis) -> Result<Box<dyn Judging>, String> {
    Err("nothing is judged here".to_owned())
}

fn main() {
    let tokio = tokio::runtime::Runtime::new().expect("a runtime");
    println!("complete rollouts of {STEPS} steps through engine and SQLite (WAL, synchronous=FULL)");
    for width in WIDTHS {
        let mut rates: Vec<f64> = (0..ROUNDS).map(|_| tokio.block_on(round(width))).collect();
        rates.sort_by(f64::total_cmp);
        println!(
            "{width:>3} at a time: {:>7.1} rollouts/s (median of {ROUNDS}; {:.1} to {:.1})",
            rates[1], rates[0], rates[2]
        );
    }
}

/// Rollouts ended per second.
async fn round(width: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SqliteStore::open(&folder.path().join("ledger.sqlite")).expect("a store");
    let origin = "bench/rollouts".parse().expect("an origin");
    let config = Config {
        tenant: "bench".parse().expect("a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: SigningKey::from_seed(origin, &[7; 32]),
    };
    let runtime = Runtime::open(Box::new(store), config).expect("an open ledger");
    let release = declare(&runtime, width).await;
    let logs = Arc::new(LogStore::open(&folder.path().join("logs")).expect("logs"));
    let tools = Tools { drivers: vec![Arc::new(Nothing)], judge: no_judge, logs };
    let worker = worker::start(runtime.clone(), tools);
    let began = Instant::now();
    let mut shippers = tokio::task::JoinSet::new();
    for environment in (0..width).map(environment) {
        let runtime = runtime.clone();
        shippers.spawn(async move {
            let mut n_ended = 0_u32;
            while began.elapsed() < MEASURE {
                let id = runtime.new_rollout_id();
                let environment = environment.clone();
                submit(&runtime, Command::StartRollout { id, release, environment, plan: None }).await;
                ended(&runtime, id).await;
                n_ended += 1;
            }
            n_ended
        });
    }
    let n_ended: u32 = shippers.join_all().await.into_iter().sum();
    let rate = f64::from(n_ended) / began.elapsed().as_secs_f64();
    worker.stop().await;
    runtime.shutdown().await;
    rate
}

async fn ended(runtime: &Runtime, id: RolloutId) {
    let mut head = runtime.subscribe();
    loop {
        if runtime.state().rollouts.summaries.get(&id).is_some_and(|it| it.end.is_some()) {
            return;
        }
        head.changed().await.expect("the runtime lives");
    }
}

async fn submit(runtime: &Runtime, command: Command) {
    let submission = Submission { actor: "bench".to_owned(), key: None, command, generation: None };
    runtime.submit(submission).await.expect("accepted");
}

fn environment(number: usize) -> Name {
    format!("env-{number}").parse().expect("a name")
}

async fn declare(runtime: &Runtime, width: usize) -> shipway_model::ReleaseId {
    let resource = |kind: &str, name: &str, spec: serde_json::Value| -> Resource {
        let json = serde_json::json!({
            "apiVersion": "shipway.dev/v1", "kind": kind, "metadata": { "name": name }, "spec": spec
        });
        serde_json::from_value(json).expect("a resource")
    };
    let health = serde_json::json!({ "checks": [{ "name": "self", "probe": { "tcp": {} } }] });
    let deployment = serde_json::json!({ "command": ["./serve"], "health": health });
    let stages: Vec<_> = (1..=STEPS)
        .map(|n| serde_json::json!({ "name": format!("call-{n}"), "run": { "http": { "url": "http://127.0.0.1:1/" } } }))
        .collect();
    let mut resources = vec![
        resource("Team", "bench", serde_json::json!({})),
        resource("Service", "web", serde_json::json!({ "owner": "bench", "deployment": deployment })),
        resource("Pipeline", "calls", serde_json::json!({ "stages": stages })),
    ];
    for number in 0..width {
        let spec = serde_json::json!({ "targets": { "bench": "true" }, "pipeline": "calls" });
        resources.push(resource("Environment", environment(number).as_str(), spec));
    }
    submit(runtime, Command::ApplyResources { resources }).await;
    let labels = BTreeMap::from([("bench".to_owned(), "true".to_owned())]);
    let address = std::net::Ipv4Addr::LOCALHOST.into();
    submit(runtime, Command::RegisterAgent { host: "host".parse().expect("a name"), address, labels }).await;
    let artifact = Artifact {
        service: "web".parse().expect("a name"),
        version: "1.0.0".parse().expect("a version"),
        digest: Digest::of(b"web"),
        size_bytes: 3,
        format: ArchiveFormat::TarGz,
        commit: String::new(),
        builder: String::new(),
        provenance: None,
    };
    let part = Part {
        version: artifact.version.clone(),
        artifact: artifact.digest,
        variants: BTreeMap::new(),
        configuration: None,
    };
    let bundle = Bundle {
        name: "bench".parse().expect("a name"),
        version: artifact.version.clone(),
        parts: BTreeMap::from([(artifact.service.clone(), part)]),
        documents: BTreeMap::new(),
        class: Class::Normal,
    };
    submit(runtime, Command::RegisterArtifact { artifact }).await;
    let id = runtime.new_release_id();
    submit(runtime, Command::CreateRelease { id, bundle }).await;
    submit(runtime, Command::SealRelease { id }).await;
    id
}
