//! What is shipped where: random, but valid.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_engine::Command;
use shipway_model::plan::Instance;
use shipway_model::release::{ArchiveFormat, Artifact, Bundle, Class, Part};
use shipway_model::resource::Resource;
use shipway_model::{Digest, Name, ReleaseId, RolloutId, Version};

use super::random::Random;

/// Those who ship, hold and take back.
pub(super) const PEOPLE: [&str; 3] = ["ada", "ben", "cleo"];

const STRATEGIES: [&str; 6] = ["rolling", "surge", "canary", "careful", "blue-green", "recreate"];
const PIPELINES: [&str; 5] = ["long", "calls", "lenient", "migration", "proven"];

pub(super) struct Scenario {
    services: Vec<Name>,
    pub(super) environments: Vec<Name>,
    /// Name, address and labels of each host.
    pub(super) hosts: Vec<(Name, IpAddr, BTreeMap<String, String>)>,
    declared: Vec<Value>,
    /// Of the builds that are not good.
    qualities: BTreeMap<(Name, Version), Quality>,
    n_releases: u64,
}

/// What comes out when a build runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quality {
    Good,
    NeverHealthy,
    /// Healthy at first, and then ends by itself again and again.
    Crashing,
    /// Starts, and serves its users worse than the version before.
    Harmful,
    /// Nothing can be measured of it.
    Unclear,
}

impl Scenario {
    pub(super) fn new(random: &mut Random) -> Self {
        let services: Vec<Name> =
            (0..random.between(2, 4)).map(|it| name(&format!("service-{it}"))).collect();
        let environments: Vec<Name> = ["production", "staging"].map(name).into();
        let mut scenario = Self {
            services,
            environments,
            hosts: Vec::new(),
            declared: Vec::new(),
            qualities: BTreeMap::new(),
            n_releases: 0,
        };
        scenario.declare(random);
        scenario
    }

    /// Everything that is declared at the beginning.
    pub(super) fn declaration(&self) -> Command {
        Command::ApplyResources { resources: self.declared.iter().map(read).collect() }
    }

    /// One declaration with something changed in it.
    pub(super) fn change(&mut self, random: &mut Random) -> Vec<Resource> {
        let changeable: Vec<usize> = (0..self.declared.len())
            .filter(|it| matches!(self.declared[*it]["kind"].as_str(), Some("Environment" | "Service")))
            .collect();
        let Some(chosen) = random.pick(&changeable).copied() else { return Vec::new() };
        let declared = &mut self.declared[chosen];
        if declared["kind"] == "Environment" {
            declared["spec"]["concurrency"] =
                json!({"rollouts": random.between(1, 3), "steps": random.between(1, 8)});
            declared["spec"]["strategy"] = json!(random.pick(&STRATEGIES));
        } else {
            declared["spec"]["deployment"]["environment"] =
                json!({"REVISION": random.between(1, 1000).to_string()});
        }
        vec![read(declared)]
    }

    /// Nothing waits for anybody's word.
    #[cfg(test)]
    pub(super) fn unprotect(&mut self) {
        for declared in &mut self.declared {
            if let Some(spec) = declared["spec"].as_object_mut() {
                spec.retain(|key, _| key != "protected" && key != "changePolicy");
            }
        }
    }

    /// From `begins` on nothing goes anywhere for a while. It takes the place of the freeze before it.
    pub(super) fn freeze(begins: Timestamp, random: &mut Random) -> Resource {
        let dtstart = begins.strftime("%FT%H:%M:%S").to_string();
        let duration = format!("{}m", random.between(2, 20));
        let rule = json!({"name": "quiet", "kind": "deny", "purpose": "freeze", "dtstart": dtstart, "duration": duration});
        read(&resource("Calendar", "office", json!({"timeZone": "Etc/UTC", "rules": [rule]})))
    }

    /// Everything that it takes to ship a new release of some services into `environment`.
    pub(super) fn release(&mut self, environment: &Name, random: &mut Random) -> Vec<Command> {
        self.n_releases += 1;
        let version: Version = format!("1.{}.0", self.n_releases).parse().expect("is a version");
        let mut commands = Vec::new();
        let mut parts = BTreeMap::new();
        let always = random.index(self.services.len());
        let chosen = (0..self.services.len()).filter(|it| *it == always || random.percent(40));
        for service in chosen.collect::<Vec<_>>().into_iter().map(|it| self.services[it].clone()) {
            let quality = match random.between(0, 99) {
                0..=69 => Quality::Good,
                70..=77 => Quality::NeverHealthy,
                78..=85 => Quality::Crashing,
                86..=94 => Quality::Harmful,
                _ => Quality::Unclear,
            };
            self.qualities.insert((service.clone(), version.clone()), quality);
            let digest = Digest::of(format!("{service} {version}").as_bytes());
            let artifact = artifact(service.clone(), version.clone(), digest);
            commands.push(Command::RegisterArtifact { artifact });
            let (version, variants) = (version.clone(), BTreeMap::new());
            parts.insert(service, Part { version, artifact: digest, variants, configuration: None });
        }
        let id = ReleaseId::from_uuid(random.uuid());
        let bundle = Bundle {
            name: name("shop"),
            version,
            parts,
            documents: BTreeMap::new(),
            runbooks: BTreeMap::new(),
            class: Class::Normal,
            touches: None,
            known_errors: Default::default(),
            mended_errors: Default::default(),
        };
        commands.push(Command::CreateRelease { id, bundle });
        commands.push(Command::SealRelease { id });
        commands.push(start(id, environment, random));
        commands
    }

    pub(super) fn service(&self, random: &mut Random) -> Name {
        random.pick(&self.services).cloned().expect("there are services")
    }

    pub(super) fn quality(&self, instance: &Instance) -> Quality {
        self.quality_of(&instance.service, &instance.version)
    }

    pub(super) fn quality_of(&self, service: &Name, version: &Version) -> Quality {
        self.qualities.get(&(service.clone(), version.clone())).copied().unwrap_or(Quality::Good)
    }

    fn declare(&mut self, random: &mut Random) {
        let mut declared = vec![resource("Team", "shop", json!({"members": PEOPLE}))];
        for (service_idx, service) in self.services.iter().enumerate() {
            let providers: Vec<_> = self.services[..service_idx]
                .iter()
                .filter(|_| random.percent(40))
                .map(|it| json!({"service": it}))
                .collect();
            let spec = json!({
                "owner": "shop",
                "zeroDowntime": random.percent(30),
                "dependsOn": providers,
                "deployment": {
                    "command": ["./serve"],
                    "health": {"checks": [{"name": "self", "probe": {"http": {"path": "/healthz"}}}]},
                },
            });
            declared.push(resource("Service", service.as_str(), spec));
        }
        declared.extend(strategies());
        declared.extend(policies());
        declared.extend(pipelines(&self.services));
        if random.percent(50) {
            declared.push(resource("Budget", "all", json!({"maxRollouts": random.between(1, 2)})));
        }
        for environment in self.environments.clone() {
            let n_hosts = random.between(2, 4);
            for host_idx in 0..n_hosts {
                let labels = [("env", environment.to_string()), ("zone", format!("z{}", host_idx % 2))];
                let labels = labels.map(|(key, value)| (key.to_owned(), value)).into();
                let address = IpAddr::V4(Ipv4Addr::new(127, 1, 0, self.hosts.len() as u8 + 1));
                self.hosts.push((name(&format!("{environment}-{host_idx}")), address, labels));
            }
            declared.push(resource(
                "Environment",
                environment.as_str(),
                self.environment(&environment, random),
            ));
        }
        self.declared = declared;
    }

    fn environment(&self, environment: &Name, random: &mut Random) -> Value {
        let listen: BTreeMap<&Name, String> =
            self.services.iter().zip(8001..).map(|(it, port)| (it, format!("127.0.0.1:{port}"))).collect();
        let mut spec = json!({
            "targets": {"env": environment},
            "router": {"admin": format!("http://{environment}.router"), "listen": listen},
            "concurrency": {"rollouts": random.between(1, 3), "steps": random.between(2, 16)},
            "strategy": random.pick(&STRATEGIES),
            "stepTimeout": format!("{}s", random.between(30, 120)),
        });
        if random.percent(50) {
            spec["pipeline"] = json!(random.pick(&PIPELINES));
        }
        if random.percent(30) {
            spec["protected"] = json!(true);
            spec["changePolicy"] = json!("four-eyes");
        }
        spec
    }
}

/// The address of an instance: one for each, so that a route to something that does not run is seen.
pub(super) fn address_of(instance: &Instance) -> SocketAddr {
    let digest = Digest::of(instance.to_string().as_bytes());
    let bytes = digest.as_bytes();
    let port = u16::from_be_bytes([bytes[0], bytes[1]]).max(1024);
    SocketAddr::from(([127, bytes[2], bytes[3], bytes[4]], port))
}

pub(super) fn start(release: ReleaseId, environment: &Name, random: &mut Random) -> Command {
    let id = RolloutId::from_uuid(random.uuid());
    Command::StartRollout { id, release, environment: environment.clone(), plan: None }
}

fn artifact(service: Name, version: Version, digest: Digest) -> Artifact {
    Artifact {
        service,
        version,
        digest,
        size_bytes: 1,
        format: ArchiveFormat::TarGz,
        commit: String::new(),
        builder: String::new(),
        provenance: None,
        source: None,
    }
}

fn strategies() -> [Value; 6] {
    let strategy = |name: &str, spec: Value| resource("Strategy", name, spec);
    [
        strategy("rolling", json!({"rolling": {"maxSurge": 0, "maxUnavailable": 1, "maxFailed": 1}})),
        strategy("surge", json!({"rolling": {"bake": "20s", "bakeRequests": 10, "watch": {}}})),
        strategy(
            "canary",
            json!({"canary": {"steps": [{"weight": 10}, {"analysis": {"timeout": "5m"}}, {"weight": 100}]}}),
        ),
        strategy(
            "careful",
            json!({"canary": {"maxFailed": 1, "steps": [
                {"weight": 5}, {"pause": {}}, {"weight": 50}, {"bake": {"duration": "30s"}},
                {"analysis": {"baseline": "fresh", "timeout": "5m", "onUndecided": "rollback"}},
                {"pause": {"duration": "10s"}},
            ]}}),
        ),
        strategy(
            "blue-green",
            json!({"blueGreen": {"bake": "10s", "scaleDownDelay": "30s", "watch": {"onHarm": "hold"}}}),
        ),
        strategy("recreate", json!({"recreate": {}})),
    ]
}

fn pipelines(services: &[Name]) -> [Value; 5] {
    let pipeline = |name: &str, stages: Value| resource("Pipeline", name, json!({"stages": stages}));
    let call = json!({"http": {"url": "http://127.0.0.1:9/", "method": "POST"}});
    let program = json!({"command": {"command": ["./check"]}});
    [
        pipeline(
            "long",
            json!([
                {"name": "word", "run": {"approval": {"message": "ship it?", "team": "shop"}}},
                {"name": "deploy", "run": {"deploy": {}}, "retries": 2},
                {"name": "wait", "run": {"wait": {"duration": "15s"}}},
                {"name": "verify", "run": {"verify": {}}},
            ]),
        ),
        pipeline(
            "calls",
            json!([
                {"name": "before", "run": call, "locks": ["account"], "retries": 1},
                {"name": "program", "after": ["before"], "run": program, "locks": ["account", "database"]},
                {"name": "deploy", "after": ["before"], "run": {"deploy": {}}},
                {"name": "after", "after": ["program", "deploy"], "run": call, "onFailure": "continue"},
            ]),
        ),
        pipeline(
            "lenient",
            json!([
                {"name": "deploy", "run": {"deploy": {"services": [services[0]]}}, "onFailure": "halt"},
                {"name": "rest", "run": {"deploy": {"services": services[1..]}}, "retries": 1},
                {"name": "program", "run": program, "onFailure": "rollback"},
            ]),
        ),
        pipeline(
            "migration",
            json!([
                {"name": "expand", "run": {"migration": {
                    "migrate": {"command": ["./expand"]}, "compensate": {"command": ["./contract"]},
                }}, "locks": ["database"]},
                {"name": "deploy", "run": {"deploy": {}}},
                {"name": "contract", "run": {"migration": {"migrate": {"command": ["./drop"]}}}},
                {"name": "after", "run": program, "retries": 1},
            ]),
        ),
        pipeline(
            "proven",
            json!([
                {"name": "tested", "run": {"gates": {"policies": ["proof"]}}},
                {"name": "deploy", "run": {"deploy": {}}, "retries": 1},
                {"name": "accepted", "run": {"gates": {"policies": ["proof", "care"]}}},
                {"name": "after", "run": call},
            ]),
        ),
    ]
}

/// Of gates, and of whose word carries a rollout into a protected environment.
fn policies() -> [Value; 3] {
    let gates = json!({"gates": [{"name": "unit", "require": {"tests": {}}}]});
    let owners = json!({"approvals": [{"name": "owners", "from": {"owners": true}}]});
    [
        resource("Policy", "proof", gates.clone()),
        resource("Policy", "care", gates),
        resource("ChangePolicy", "four-eyes", json!({"rules": [], "normal": owners})),
    ]
}

fn resource(kind: &str, name: &str, spec: Value) -> Value {
    json!({"apiVersion": "shipway.dev/v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
}

fn read(declared: &Value) -> Resource {
    serde_json::from_value(declared.clone()).expect("the scenario's declarations are valid")
}

fn name(text: &str) -> Name {
    text.parse().expect("is a name")
}
