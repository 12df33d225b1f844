//! What is rolled out: one release into many environments, each by a pipeline of calls that a driver performs by doing
//! nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_model::effect::{Order, Outcome, Success};
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::resource::strategy::Analysis;
use shipway_model::{Digest, Name, RolloutId};
use shipway_runtime::driver::{BoxFuture, Driver, Judging, Task};
use shipway_runtime::{Config, OsEntropy, Runtime, Submission, SystemClock};

pub(crate) const STEPS: usize = 10;

pub(crate) struct Nothing;

impl Driver for Nothing {
    fn performs(&self, _: &Order) -> bool {
        true
    }

    fn perform<'a>(&'a self, _: Task) -> BoxFuture<'a, Outcome> {
        let result = Success::Completed { summary: String::new() };
        Box::pin(std::future::ready(Outcome::Succeeded { result }))
    }
}

pub(crate) fn no_judge(_: &Analysis) -> Result<Box<dyn Judging>, String> {
    Err("nothing is judged here".to_owned())
}

pub(crate) fn config() -> Config {
    let origin = "bench/rollouts".parse().expect("an origin");
    Config {
        tenant: "bench".parse().expect("a name"),
        clock: Arc::new(SystemClock),
        entropy: Arc::new(OsEntropy),
        signer: SigningKey::from_seed(origin, &[7; 32]),
    }
}

pub(crate) async fn ended(runtime: &Runtime, id: RolloutId) {
    let mut head = runtime.subscribe();
    loop {
        if runtime.state().rollouts.summaries.get(&id).is_some_and(|it| it.end.is_some()) {
            return;
        }
        head.changed().await.expect("the runtime lives");
    }
}

pub(crate) async fn submit(runtime: &Runtime, command: Command) {
    let submission = Submission { actor: "bench".to_owned(), key: None, command, generation: None };
    runtime.submit(submission).await.expect("accepted");
}

pub(crate) fn environment(number: usize) -> Name {
    format!("env-{number}").parse().expect("a name")
}

pub(crate) async fn declare(runtime: &Runtime, width: usize) -> shipway_model::ReleaseId {
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
