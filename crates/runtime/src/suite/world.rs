//! A small world to check in: one service on two hosts, one environment, releases that can be rolled out.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shipway_engine::Command;
use shipway_ledger::SigningKey;
use shipway_model::effect::{EffectKey, Lease, Order, Outcome, Performer, Success};
use shipway_model::event::Scope;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::{Digest, Name, ReleaseId, RolloutId, Version};

use super::{ManualClock, SeededEntropy};
use crate::open::OpenError;
use crate::runtime::{Config, LeaseRequest, Leased, Receipt, Runtime, Submission, SubmitError};
use crate::store::Store;

/// How long leases of the world hold; longer than a slow machine takes between two lines of a check, because some
/// stores go by the real time.
pub(super) const TTL: Duration = Duration::from_secs(120);

const HOSTS: [&str; 2] = ["host-a", "host-b"];

/// With which every [`World`] signs.
pub fn signer() -> SigningKey {
    SigningKey::from_seed("shipway.test/acme".parse().expect("is an origin"), &[7; 32])
}

/// A runtime with a clock that a check sets forward.
pub struct World {
    pub runtime: Runtime,
    pub clock: ManualClock,
}

impl World {
    /// A runtime on `store` whose clock goes on from `clock`.
    pub fn open(store: Box<dyn Store>, clock: ManualClock) -> Result<Self, OpenError> {
        let config = Config {
            tenant: name("acme"),
            clock: Arc::new(clock.clone()),
            entropy: Arc::new(SeededEntropy::default()),
            signer: signer(),
        };
        Ok(Self { runtime: Runtime::open(store, config)?, clock })
    }

    /// A world on a fresh store.
    pub fn fresh(store: Box<dyn Store>) -> Self {
        Self::open(store, ManualClock::default()).expect("a fresh store opens")
    }

    /// Ends the runtime and opens `store`, which is the same, again.
    pub async fn reopen(self, open: impl FnOnce() -> Box<dyn Store>) -> Self {
        let clock = self.clock.clone();
        self.runtime.shutdown().await;
        Self::open(open(), clock).expect("the store opens again")
    }

    pub async fn submit(&self, command: Command) -> Result<Receipt, SubmitError> {
        self.submit_keyed("ada", None, command).await
    }

    pub async fn submit_keyed(
        &self,
        actor: &str,
        key: Option<&str>,
        command: Command,
    ) -> Result<Receipt, SubmitError> {
        let (actor, key) = (actor.to_owned(), key.map(str::to_owned));
        self.runtime.submit(Submission { actor, key, command, generation: None }).await
    }

    /// Declares the world, with hosts and a sealed release 1.0.0.
    pub async fn declare(&self) -> ReleaseId {
        self.declare_with(json!({"targets": {"site": "test"}})).await
    }

    /// As [`World::declare`], but all that a rollout does is one call from the control plane.
    pub async fn declare_with_call(&self) -> ReleaseId {
        self.declare_with(json!({"targets": {"site": "test"}, "pipeline": "call"})).await
    }

    /// As [`World::declare`], but all that a rollout does is to ask gates.
    pub async fn declare_with_gates(&self) -> ReleaseId {
        self.declare_with(json!({"targets": {"site": "test"}, "pipeline": "gated"})).await
    }

    async fn declare_with(&self, environment: Value) -> ReleaseId {
        self.done(Command::ApplyResources { resources: resources(&environment) }).await;
        for (host, at) in HOSTS.iter().zip(1..) {
            let address = IpAddr::V4(Ipv4Addr::new(127, 0, 0, at));
            let labels = BTreeMap::from([("site".to_owned(), "test".to_owned())]);
            self.done(Command::RegisterAgent { host: name(host), address, labels }).await;
        }
        self.release("1.0.0").await
    }

    /// Registers and seals a release.
    pub async fn release(&self, version: &str) -> ReleaseId {
        let version: Version = version.parse().expect("is a version");
        let digest = Digest::of(version.as_str().as_bytes());
        let artifact = Artifact {
            service: name("web"),
            version: version.clone(),
            digest,
            size_bytes: 1000,
            format: ArchiveFormat::TarGz,
            commit: String::new(),
            builder: String::new(),
            provenance: None,
            source: None,
        };
        self.done(Command::RegisterArtifact { artifact }).await;
        let id = self.runtime.new_release_id();
        let part = Part {
            version: version.clone(),
            artifact: digest,
            variants: BTreeMap::new(),
            configuration: None,
        };
        let parts = BTreeMap::from([(name("web"), part)]);
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
        self.done(Command::CreateRelease { id, bundle }).await;
        self.done(Command::SealRelease { id }).await;
        id
    }

    pub async fn start(&self, release: ReleaseId) -> RolloutId {
        let id = self.runtime.new_rollout_id();
        self.done(Command::StartRollout { id, release, environment: name("test"), plan: None }).await;
        id
    }

    /// Leases what there is for a host, without waiting.
    pub async fn lease(&self, host: &str, renew: Vec<(EffectKey, u32)>) -> Leased {
        self.lease_as(host, None, renew).await
    }

    /// The same, as a process of the host's that can be told from others.
    pub async fn lease_as(&self, host: &str, holder: Option<&str>, renew: Vec<(EffectKey, u32)>) -> Leased {
        let holder = holder.map(Arc::from);
        let request = LeaseRequest { max: 8, wait: Duration::ZERO, ttl: TTL, holder, renew };
        let performer = Performer::Agent(name(host));
        self.runtime.lease(performer, request).await.expect("leases are given")
    }

    pub async fn report(
        &self,
        key: EffectKey,
        generation: u32,
        outcome: Outcome,
    ) -> Result<Receipt, SubmitError> {
        let command = Command::Report { key, outcome };
        let generation = Some((key, generation));
        self.runtime
            .submit(Submission { actor: "agent:host-a".to_owned(), key: None, command, generation })
            .await
    }

    /// Performs, as both hosts, all there is to perform, until there is nothing.
    pub async fn perform_all(&self) {
        loop {
            let mut leases = Vec::new();
            for host in HOSTS {
                leases.extend(self.lease(host, Vec::new()).await.leases);
            }
            if leases.is_empty() {
                return;
            }
            for lease in leases {
                self.report(lease.effect.key, lease.generation, success(&lease)).await.expect("it is held");
            }
        }
    }

    async fn done(&self, command: Command) {
        self.submit(command).await.expect("the command is accepted");
    }
}

/// As a performer that did what it was asked.
pub(super) fn success(lease: &Lease) -> Outcome {
    let result = match &lease.effect.order {
        Order::Place { .. } => {
            Success::Placed { address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8080) }
        }
        Order::Retire { .. } => Success::Retired {},
        Order::Verify { .. } => Success::Verified {},
        other => panic!("the suite's world has no {other:?}"),
    };
    Outcome::Succeeded { result }
}

pub(super) fn pause(environment: &str) -> Command {
    Command::PauseScope { scope: Scope::Environment(name(environment)), reason: "a check".to_owned() }
}

pub(super) fn resume(environment: &str) -> Command {
    Command::ResumeScope { scope: Scope::Environment(name(environment)) }
}

pub(super) fn name(text: &str) -> Name {
    text.parse().expect("is a name")
}

fn resources(environment: &Value) -> Vec<Resource> {
    let check = json!({"name": "up", "probe": {"http": {"path": "/healthz"}}});
    let deployment = json!({"command": ["./web"], "health": {"checks": [check]}});
    let call = json!({"name": "call", "run": {"http": {"url": "http://127.0.0.1:1/"}}});
    let gates = json!({"name": "gates", "run": {"gates": {"policies": ["proof"]}}});
    let tested = json!({"name": "tested", "require": {"tests": {}}});
    let documents = json!([
        {"kind": "Team", "metadata": {"name": "shop"}, "spec": {}},
        {"kind": "Service", "metadata": {"name": "web"}, "spec": {"owner": "shop", "deployment": deployment}},
        {"kind": "Environment", "metadata": {"name": "test"}, "spec": environment},
        {"kind": "Pipeline", "metadata": {"name": "call"}, "spec": {"stages": [call]}},
        {"kind": "Pipeline", "metadata": {"name": "gated"}, "spec": {"stages": [gates]}},
        {"kind": "Policy", "metadata": {"name": "proof"}, "spec": {"gates": [tested]}},
    ]);
    let documents = documents.as_array().expect("an array").iter().cloned();
    documents
        .map(|mut document| {
            document["apiVersion"] = json!("shipway.dev/v1");
            serde_json::from_value(document).expect("is a resource")
        })
        .collect()
}
