//! Changes: what a rollout into a protected environment waits for, whose word carries it, and what does not count.

mod attacks;
mod boards;
mod channels;
mod class;
mod hotfixes;
mod reviews;
mod rules;
mod runbooks;
mod scopes;
mod sources;
mod states;
mod words;

use serde_json::json;
use shipway_engine::change::{self, Case, Standing};
use shipway_engine::{Command, Rejection};
use shipway_model::approval::{
    Approval, Decision, Domain, NAMESPACE, PersonKey, PublicKey, Signature, Statement,
};
use shipway_model::event::Body;
use shipway_model::release::{Bundle, Class, Touches};
use shipway_model::{ChangeId, Digest, ReleaseId, RolloutId};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{HashAlg, LineEnding, PrivateKey};

use crate::world::{World, name, resource, resources, uuid_from, version};

/// The shop, protected, owned by a team of four. A policy stands under `changePolicy` as it is.
pub(super) fn protected(environment: serde_json::Value) -> World {
    let mut world = World::with_shop(json!({}));
    let mut spec = serde_json::to_value(world.state.catalogue.environment(&name("production"))).unwrap();
    spec["protected"] = json!(true);
    spec.as_object_mut().unwrap().extend(environment.as_object().unwrap().clone());
    if spec["changePolicy"].is_object() {
        let policy = std::mem::replace(&mut spec["changePolicy"], json!("regulated"));
        declare(&mut world, "root", "ChangePolicy", "regulated", policy);
    }
    if spec["changePolicy"].is_null() {
        spec.as_object_mut().unwrap().remove("changePolicy");
    }
    declare(&mut world, "root", "Environment", "production", spec);
    declare(&mut world, "root", "Team", "shop", json!({ "members": ["ana", "ben", "cem", "dan"] }));
    world.pass(60);
    world
}

pub(super) fn declare(world: &mut World, by: &str, kind: &str, name: &str, spec: serde_json::Value) {
    let resources = resources(&[resource(kind, name, spec)]);
    world.ask_as(by, Command::ApplyResources { resources }).unwrap();
}

/// A release of web that says what it touches, of a class.
pub(super) fn seal(world: &mut World, number: &str, class: Class, files: &[&str]) -> ReleaseId {
    let first = world.seal(&format!("{number}-draft"), &[("web", number)]);
    let bundle = world.state.releases.get(first).unwrap().bundle.clone();
    let churn = |it: &&str| ((*it).to_owned(), shipway_model::release::Churn { added: 10, removed: 2 });
    let touches = Some(Touches { files: files.iter().map(churn).collect() });
    let bundle = Bundle { version: version(number), class, touches, ..bundle };
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    world.ask(Command::SealRelease { id }).unwrap();
    id
}

/// A person's key.
pub(crate) struct Signer {
    key: PrivateKey,
    pub(super) id: Digest,
}

impl Signer {
    pub(crate) fn new(seed: u8) -> Self {
        let key = PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]));
        let line = key.public_key().to_openssh().unwrap();
        Self { id: shipway_engine::key::ssh::id_of(&line).unwrap(), key }
    }

    pub(super) fn public(&self) -> PersonKey {
        let line = self.key.public_key().to_openssh().unwrap();
        PersonKey { id: self.id, public: PublicKey::Ssh { line }, label: String::new() }
    }

    pub(super) fn sign(&self, statement: Statement) -> Approval {
        self.sign_in(NAMESPACE, statement)
    }

    pub(super) fn sign_in(&self, namespace: &str, statement: Statement) -> Approval {
        let signature = self.key.sign(namespace, HashAlg::Sha512, &statement.bytes()).unwrap();
        let armoured = signature.to_pem(LineEnding::LF).unwrap();
        Approval { statement, signature: Signature::Ssh { armoured }, note: String::new() }
    }
}

pub(crate) fn register(world: &mut World, person: &str, seed: u8) -> Signer {
    let signer = Signer::new(seed);
    world.ask_as(person, Command::RegisterKey { key: signer.public() }).unwrap();
    signer
}

pub(super) fn statement(
    world: &mut World,
    rollout: RolloutId,
    signer: &Signer,
    decision: Decision,
) -> Statement {
    let nonce = format!("{:032x}", world.uuid());
    let shown = change::standing::shown(&world.state, case(world, rollout)).unwrap();
    Statement {
        board: None,
        change: ChangeId::of(rollout),
        class: shown.class,
        conditions: Vec::new(),
        decision,
        domain: Domain::Approval,
        environment: shown.environment,
        evidence: shown.evidence,
        expires: world.now + jiff::SignedDuration::from_hours(24),
        issued: world.now,
        key: signer.id,
        nonce,
        plan: shown.plan,
        policy: shown.policy,
        release: shown.release,
        window: None,
    }
}

pub(super) fn give(world: &mut World, person: &str, approval: Approval) -> Result<Vec<Body>, Rejection> {
    let id = approval.statement.change;
    world.ask_as(person, Command::GiveApproval { id, approval })
}

/// Says yes to what stands.
pub(crate) fn approve(world: &mut World, person: &str, rollout: RolloutId, signer: &Signer) {
    let statement = statement(world, rollout, signer, Decision::Approve);
    let approval = signer.sign(statement);
    give(world, person, approval).unwrap_or_else(|refused| panic!("{person}: {refused}"));
}

pub(super) fn case(world: &World, rollout: RolloutId) -> &Case {
    world.state.changes.of(rollout).expect("a change was opened")
}

pub(super) fn standing(world: &World, rollout: RolloutId) -> Standing {
    change::standing(&world.state, case(world, rollout), world.now)
}

pub(super) fn has_begun(world: &World, rollout: RolloutId) -> bool {
    world.rollout(rollout).started.is_some()
}
