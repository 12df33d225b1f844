//! Folders of a control plane that is not running, with something in their ledgers.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::json;
use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_model::event::Scope;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::{Digest, Name, ReleaseId};
use shipway_runtime::{Config, OsEntropy, Runtime, Submission, SystemClock};
use shipway_store::SqliteStore;
use tokio::task::JoinSet;

/// Asked for at once while the ledger is being filled.
const WRITERS: u64 = 256;
/// Resources in one command.
const RESOURCES_MAX: usize = 200;

/// Pauses and resumes environments by name until the ledger has `n_events`.
pub(crate) fn with_events(folder: &Path, n_events: u64) {
    let runtime = open(folder);
    block_on(async {
        let mut writers = JoinSet::new();
        for writer in 0..WRITERS {
            let runtime = runtime.clone();
            writers.spawn(async move {
                let scope = Scope::Environment(format!("env-{writer}").parse().expect("a name"));
                for n in 0..n_events / WRITERS {
                    let scope = scope.clone();
                    let command = match n % 2 {
                        0 => Command::PauseScope { scope, reason: "a reason of usual length".to_owned() },
                        _ => Command::ResumeScope { scope },
                    };
                    submit(&runtime, command).await;
                }
            });
        }
        writers.join_all().await;
        runtime.shutdown().await;
    });
}

/// As many rollouts as wanted, each in an environment of its own and waiting for an agent that is not there. Gives the
/// size of the ledger.
pub(crate) fn with_rollouts(folder: &Path, n_rollouts: usize) -> u64 {
    let runtime = open(folder);
    block_on(async {
        let release = declare(&runtime, n_rollouts).await;
        let mut starters = JoinSet::new();
        for starter in 0..WRITERS as usize {
            let runtime = runtime.clone();
            starters.spawn(async move {
                for number in (starter..n_rollouts).step_by(WRITERS as usize) {
                    let (id, environment) = (runtime.new_rollout_id(), environment(number));
                    submit(&runtime, Command::StartRollout { id, release, environment, plan: None }).await;
                }
            });
        }
        starters.join_all().await;
        let n_live = runtime.state().rollouts.live.values().filter(|it| it.started.is_some()).count();
        assert_eq!(n_live, n_rollouts, "all of them are under way");
        let size = runtime.head().size;
        runtime.shutdown().await;
        size
    })
}

fn environment(number: usize) -> Name {
    format!("env-{number}").parse().expect("a name")
}

async fn declare(runtime: &Runtime, n_environments: usize) -> ReleaseId {
    let resource = |kind: &str, name: &str, spec: serde_json::Value| -> Resource {
        let json =
            json!({"apiVersion": "shipway.dev/v1", "kind": kind, "metadata": {"name": name}, "spec": spec});
        serde_json::from_value(json).expect("a resource")
    };
    let health = json!({"checks": [{"name": "self", "probe": {"tcp": {}}}]});
    let deployment = json!({"command": ["./serve"], "health": health});
    let mut resources = vec![
        resource("Team", "bench", json!({})),
        resource("Service", "web", json!({"owner": "bench", "deployment": deployment})),
    ];
    resources.extend((0..n_environments).map(|number| {
        let spec = json!({"targets": {"bench": "true"}, "stepTimeout": "24h"});
        resource("Environment", environment(number).as_str(), spec)
    }));
    for resources in resources.chunks(RESOURCES_MAX) {
        submit(runtime, Command::ApplyResources { resources: resources.to_vec() }).await;
    }
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
        source: None,
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
        runbooks: BTreeMap::new(),
        class: Class::Normal,
        touches: None,
        known_errors: Default::default(),
        mended_errors: Default::default(),
    };
    submit(runtime, Command::RegisterArtifact { artifact }).await;
    let id = runtime.new_release_id();
    submit(runtime, Command::CreateRelease { id, bundle }).await;
    submit(runtime, Command::SealRelease { id }).await;
    id
}

fn open(folder: &Path) -> Runtime {
    let store = SqliteStore::open(&ledger(folder)).expect("a store");
    Runtime::open(Box::new(store), config(folder)).expect("an open ledger")
}

pub(crate) fn ledger(folder: &Path) -> PathBuf {
    folder.join("ledger.sqlite")
}

/// That of the control plane whose folder it is.
pub(crate) fn config(folder: &Path) -> Config {
    let key = fs::read_to_string(folder.join("checkpoint.key")).expect("a key");
    Config {
        tenant: "default".parse().expect("a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: key.trim().parse::<SigningKey>().expect("a key"),
    }
}

async fn submit(runtime: &Runtime, command: Command) {
    let submission = Submission { actor: "bench".to_owned(), key: None, command, generation: None };
    runtime.submit(submission).await.expect("accepted");
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(future)
}
