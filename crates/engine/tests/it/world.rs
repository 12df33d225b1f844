//! A small world for the core: it holds the events, hands out effects and performs them as the test scripts it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::{SignedDuration, Timestamp};
use shipway_engine::{
    Command, Context, Phase, Rejection, Rollout, State, advance, decide, effects, live_rollouts,
};
use shipway_model::analysis::{Decision, Verdict};
use shipway_model::effect::{Effect, EffectKey, Order, Outcome, Success};
use shipway_model::event::{Body, Event, Schema};
use shipway_model::gate;
use shipway_model::plan::Instance;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::{DecisionId, Digest, Millis, Name, ReleaseId, RolloutId, Version};

/// What a router holds: the revision, and version, weight and number of backends of each pool.
type HeldRoute = (u64, Vec<(Version, u16, usize)>);

pub(crate) struct World {
    pub(crate) state: State,
    pub(crate) events: Vec<Event>,
    pub(crate) now: Timestamp,
    /// What really stands in the world: instances that run, and the routes that routers hold.
    pub(crate) running: BTreeSet<Instance>,
    pub(crate) routes: BTreeMap<Name, HeldRoute>,
    /// How often each effect was acted upon.
    pub(crate) acts: BTreeMap<EffectKey, u32>,
    ids: u128,
}

pub(crate) fn name(text: &str) -> Name {
    text.parse().unwrap()
}

pub(crate) fn version(text: &str) -> Version {
    text.parse().unwrap()
}

pub(crate) fn resources(yaml_as_json: &[serde_json::Value]) -> Vec<Resource> {
    yaml_as_json.iter().map(|json| serde_json::from_value(json.clone()).unwrap()).collect()
}

pub(crate) fn resource(kind: &str, name: &str, spec: serde_json::Value) -> serde_json::Value {
    serde_json::json!({ "apiVersion": "shipway.dev/v1", "kind": kind, "metadata": { "name": name }, "spec": spec })
}

pub(crate) fn service(name: &str, depends_on: &[&str]) -> serde_json::Value {
    let depends_on: Vec<_> = depends_on.iter().map(|it| serde_json::json!({ "service": it })).collect();
    resource(
        "Service",
        name,
        serde_json::json!({
            "owner": "shop",
            "zeroDowntime": true,
            "dependsOn": depends_on,
            "deployment": {
                "command": ["./serve"],
                "health": { "checks": [{ "name": "self", "probe": { "http": { "path": "/healthz" } } }] }
            }
        }),
    )
}

pub(crate) fn canary() -> serde_json::Value {
    resource(
        "Strategy",
        "canary",
        serde_json::json!({ "canary": { "steps": [
            { "weight": 5 }, { "analysis": {} }, { "weight": 50 }, { "bake": { "duration": "10s" } }, { "weight": 100 }
        ] } }),
    )
}

/// A canary that is judged twice against a fresh control, which grows between, and once more after it has gone.
pub(crate) fn against_fresh() -> serde_json::Value {
    serde_json::json!({ "canary": { "steps": [
        { "weight": 20 }, { "analysis": { "baseline": "fresh" } },
        { "weight": 40 }, { "analysis": { "baseline": "fresh" } },
        { "analysis": {} }, { "weight": 100 }
    ] } })
}

/// Three services (web needs checkout, checkout needs catalogue) and an environment of three zones.
pub(crate) fn shop(environment: serde_json::Value) -> Vec<Resource> {
    let mut spec = serde_json::json!({
        "targets": { "env": "production" },
        "zones": ["a", "b", "c"],
        "router": { "admin": "http://127.0.0.1:7200", "listen": {
            "web": "127.0.0.1:8001", "catalogue": "127.0.0.1:8002", "checkout": "127.0.0.1:8003"
        } }
    });
    spec.as_object_mut().unwrap().extend(environment.as_object().unwrap().clone());
    resources(&[
        resource("Team", "shop", serde_json::json!({ "members": ["ana"] })),
        service("web", &["checkout", "catalogue"]),
        service("checkout", &["catalogue"]),
        service("catalogue", &[]),
        canary(),
        resource("Strategy", "blue-green", serde_json::json!({ "blueGreen": { "scaleDownDelay": "30s" } })),
        resource("Strategy", "rolling", serde_json::json!({ "rolling": {} })),
        resource("Strategy", "recreate", serde_json::json!({ "recreate": {} })),
        resource("Environment", "production", spec),
    ])
}

impl World {
    pub(crate) fn new() -> Self {
        Self {
            state: State::default(),
            events: Vec::new(),
            now: Timestamp::from_second(1_800_000_000).unwrap(),
            running: BTreeSet::new(),
            routes: BTreeMap::new(),
            acts: BTreeMap::new(),
            ids: 1,
        }
    }

    /// The shop with three hosts and nothing shipped.
    pub(crate) fn with_shop(environment: serde_json::Value) -> Self {
        let mut world = Self::new();
        world.ask(Command::ApplyResources { resources: shop(environment) }).unwrap();
        for zone in ["a", "b", "c"] {
            let labels = [("env", "production"), ("zone", zone)];
            world
                .ask(Command::RegisterAgent {
                    host: name(&format!("host-{zone}")),
                    address: IpAddr::V4(Ipv4Addr::LOCALHOST),
                    labels: labels.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
                })
                .unwrap();
        }
        world
    }

    pub(crate) fn ask(&mut self, command: Command) -> Result<Vec<Body>, Rejection> {
        self.ask_as("ana", command)
    }

    pub(crate) fn ask_as(&mut self, actor: &str, command: Command) -> Result<Vec<Body>, Rejection> {
        let bodies = decide(&self.state, &command, &Context { actor, now: self.now })?;
        let answer = bodies.clone();
        self.append(actor, bodies);
        self.follow();
        Ok(answer)
    }

    /// Records what was decided, or what another version has decided.
    pub(crate) fn append(&mut self, actor: &str, bodies: Vec<Body>) {
        for body in bodies {
            let event = Event {
                schema: Schema::V1,
                tenant: name("default"),
                actor: actor.to_owned(),
                at: self.now,
                body,
            };
            self.state.apply(&event);
            self.events.push(event);
        }
    }

    fn follow(&mut self) {
        while let Some(bodies) = advance(&mut self.state, self.now) {
            self.append("shipway", bodies);
            assert!(self.events.len() < 100_000, "the core goes round in circles");
        }
    }

    pub(crate) fn pass(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.follow();
    }

    pub(crate) fn uuid(&mut self) -> u128 {
        self.ids += 1;
        self.ids
    }

    /// Registers the artifacts of `parts` (service, version) and seals them as release `shop@release`.
    pub(crate) fn seal(&mut self, release: &str, parts: &[(&str, &str)]) -> ReleaseId {
        let id = self.draft(release, parts);
        self.ask(Command::SealRelease { id }).unwrap();
        id
    }

    /// The same, without sealing it.
    pub(crate) fn draft(&mut self, release: &str, parts: &[(&str, &str)]) -> ReleaseId {
        let mut bound = BTreeMap::new();
        for (service, number) in parts {
            let artifact = Artifact {
                service: name(service),
                version: version(number),
                digest: Digest::of(format!("{service} {number}").as_bytes()),
                size_bytes: 1,
                format: ArchiveFormat::TarGz,
                commit: String::new(),
                builder: String::new(),
                provenance: None,
                source: None,
            };
            let part = Part {
                version: version(number),
                artifact: artifact.digest,
                variants: BTreeMap::new(),
                configuration: None,
            };
            bound.insert(name(service), part);
            self.ask(Command::RegisterArtifact { artifact }).unwrap();
        }
        let id = ReleaseId::from_uuid(uuid_from(self.uuid()));
        let bundle = Bundle {
            name: name("shop"),
            version: version(release),
            parts: bound,
            documents: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        self.ask(Command::CreateRelease { id, bundle }).unwrap();
        id
    }

    pub(crate) fn start(&mut self, release: ReleaseId) -> RolloutId {
        self.start_as("ana", release).unwrap()
    }

    pub(crate) fn start_as(&mut self, actor: &str, release: ReleaseId) -> Result<RolloutId, Rejection> {
        let id = RolloutId::from_uuid(uuid_from(self.uuid()));
        self.ask_as(
            actor,
            Command::StartRollout { id, release, environment: name("production"), plan: None },
        )?;
        Ok(id)
    }

    pub(crate) fn rollout(&self, id: RolloutId) -> &Rollout {
        &self.state.rollouts.live[&id]
    }

    pub(crate) fn phase(&self, id: RolloutId) -> &Phase {
        &self.rollout(id).phase
    }

    pub(crate) fn effects(&self) -> Vec<Effect> {
        live_rollouts(&self.state).flat_map(|id| effects(&self.state, id)).collect()
    }

    /// Performs an effect as a faithful performer does: what stands already is left alone.
    pub(crate) fn act(&mut self, effect: &Effect) -> Outcome {
        *self.acts.entry(effect.key).or_default() += 1;
        let result = match &effect.order {
            Order::Place { instance, .. } => {
                self.running.insert(instance.clone());
                Success::Placed { address: address_of(instance) }
            }
            Order::Retire { instance, .. } => {
                self.running.remove(instance);
                Success::Retired {}
            }
            Order::Verify { instance } => {
                if !self.running.contains(instance) {
                    return failed("it does not run");
                }
                Success::Verified {}
            }
            Order::Route { route, .. } => {
                let held = self.routes.get(&route.service).map_or(0, |it| it.0);
                if route.revision < held {
                    return failed("fenced");
                }
                for backend in route.pools.iter().flat_map(|pool| &pool.backends) {
                    let runs = self.running.iter().any(|it| address_of(it) == backend.address);
                    assert!(runs, "routed to {} where nothing runs", backend.address);
                }
                let pools =
                    route.pools.iter().map(|it| (it.version.clone(), it.weight_bp.get(), it.backends.len()));
                self.routes.insert(route.service.clone(), (route.revision, pools.collect()));
                Success::Routed { revision: route.revision }
            }
            Order::Analyse { .. } => Success::Judged { verdict: Box::new(verdict(Decision::Healthy)) },
            Order::Watch { .. } => Success::Judged { verdict: Box::new(verdict(Decision::Undecided)) },
            Order::Command { .. }
            | Order::Http { .. }
            | Order::Journey { .. }
            | Order::Bake { .. }
            | Order::Gates { .. } => Success::Completed { summary: "done".to_owned() },
        };
        Outcome::Succeeded { result }
    }

    /// What a performer tells when an effect has ended: of gates that could be asked, first what they said.
    pub(crate) fn told(&self, effect: &Effect, outcome: Outcome) -> Vec<Command> {
        let key = effect.key;
        let said = match (&effect.order, &outcome) {
            (Order::Gates { release, environment, policies }, Outcome::Succeeded { .. }) => {
                let decision = gate::Decision {
                    release: release.clone(),
                    environment: environment.clone(),
                    policies: policies.clone(),
                    facts: Digest::of(b"facts"),
                    at: self.now,
                    passes: true,
                    requirements: policies.keys().map(satisfied).collect(),
                };
                let id = Digest::of(key.to_string().as_bytes());
                let id = u128::from_be_bytes(*id.as_bytes().first_chunk().expect("32 bytes are 16 and more"));
                Some(Command::Decide { key, id: DecisionId::from_uuid(uuid_from(id)), decision })
            }
            _ => None,
        };
        said.into_iter().chain([Command::Report { key, outcome }]).collect()
    }

    /// Tells it.
    pub(crate) fn tell(&mut self, effect: &Effect, outcome: Outcome) {
        for command in self.told(effect, outcome) {
            self.ask_as("performer", command).unwrap();
        }
    }

    /// Performs everything until nothing is left to do, letting time pass; `script` may answer in the world's place.
    pub(crate) fn run(&mut self, mut script: impl FnMut(&Effect) -> Option<Outcome>) {
        for _ in 0..10_000 {
            let Some(effect) = self.effects().first().cloned() else {
                let waiting = live_rollouts(&self.state).any(|id| {
                    matches!(self.phase(id), Phase::Running | Phase::Unwinding | Phase::Aborting { .. })
                });
                match shipway_engine::wake_at(&self.state) {
                    Some(at) if waiting => {
                        self.now = at.max(self.now);
                        self.follow();
                        continue;
                    }
                    _ => return,
                }
            };
            let outcome = script(&effect).unwrap_or_else(|| self.act(&effect));
            self.tell(&effect, outcome);
        }
        panic!("it never comes to rest");
    }

    pub(crate) fn run_well(&mut self) {
        self.run(|_| None);
    }

    /// Ships a release to the end and expects it to end well.
    pub(crate) fn ship(&mut self, release: &str, parts: &[(&str, &str)]) -> RolloutId {
        let release = self.seal(release, parts);
        let id = self.start(release);
        self.run_well();
        assert!(
            matches!(self.phase(id), Phase::Ended(shipway_model::event::End::Succeeded { .. })),
            "{:?}",
            self.phase(id)
        );
        id
    }

    /// `service version @ host` of everything that runs, sorted.
    pub(crate) fn standing(&self) -> Vec<String> {
        self.running.iter().map(|it| format!("{} {} @ {}", it.service, it.version, it.target)).collect()
    }
}

/// What the one gate of a policy says that is content.
fn satisfied(policy: &Name) -> gate::Requirement {
    gate::Requirement {
        policy: policy.clone(),
        gate: name("unit"),
        kind: "tests".to_owned(),
        service: None,
        status: gate::Status::Satisfied,
        reasons: Vec::new(),
        evidence: Vec::new(),
        waivers: Vec::new(),
        who: None,
        next: None,
        until: None,
    }
}

pub(crate) fn failed(reason: &str) -> Outcome {
    Outcome::Failed { reason: reason.to_owned(), retryable: false, verdict: None }
}

pub(crate) fn verdict(decision: Decision) -> Verdict {
    Verdict {
        decision,
        decided_at: Millis::ZERO,
        canary_requests: 1,
        canary_errors: 0,
        metrics: Vec::new(),
        evidence: None,
        sensitivity: None,
        findings: Vec::new(),
        reasons: Vec::new(),
    }
}

/// One address per instance, so that a route to something that does not run is seen.
pub(crate) fn address_of(instance: &Instance) -> SocketAddr {
    let digest = Digest::of(instance.to_string().as_bytes());
    let bytes = digest.as_bytes();
    let port = u16::from_be_bytes([bytes[0], bytes[1]]).max(1024);
    SocketAddr::from(([127, bytes[2], bytes[3], bytes[4]], port))
}

pub(crate) fn uuid_from(number: u128) -> uuid::Uuid {
    uuid::Uuid::from_u128(number)
}
