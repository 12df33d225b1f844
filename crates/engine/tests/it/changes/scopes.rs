//! Scopes: what comes in until the freeze, what comes late, and what moves on.

use jiff::SignedDuration;
use serde_json::json;
use shipway_engine::register::{Kind, register};
use shipway_engine::{Code, Command, Rejection};
use shipway_model::event::Body;
use shipway_model::release::Class;
use shipway_model::scope::{Destination, Item, LateItem, Planned};
use shipway_model::{LateId, ReleaseId};

use super::{protected, seal};
use crate::world::{World, name, uuid_from, version};

fn planned(number: &str) -> Planned {
    Planned { name: name("shop"), version: version(number) }
}

fn item(key: &str, service: &str) -> Item {
    Item { name: name(key), title: String::new(), services: [name(service)].into() }
}

fn add(world: &mut World, number: &str, item: Item) -> Result<Vec<Body>, Rejection> {
    world.ask(Command::AddItem { planned: planned(number), item })
}

fn late(world: &mut World, key: &str) -> LateId {
    let id = LateId::from_uuid(uuid_from(world.uuid()));
    let late =
        LateItem { planned: planned("1.0.0"), item: item(key, "web"), reason: "the law changed".to_owned() };
    world.ask(Command::RequestLate { id, late }).unwrap();
    id
}

/// The scope of shop@1.0.0 with one item for `web`, an hour before its freeze.
fn scene() -> World {
    let mut world = protected(json!({}));
    let at = world.now + SignedDuration::from_hours(1);
    world.ask(Command::FreezeScope { planned: planned("1.0.0"), at }).unwrap();
    add(&mut world, "1.0.0", item("shop-1", "web")).unwrap();
    world
}

#[test]
fn a_release_brings_what_is_in_its_scope_and_nothing_else() {
    let mut world = scene();
    let first = world.seal("0.9.0", &[("web", "1.0.0"), ("checkout", "1.0.0")]);
    let mut bundle = world.state.releases.get(first).unwrap().bundle.clone();
    bundle.version = version("1.0.0");
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    let refused = world.ask(Command::SealRelease { id }).unwrap_err();
    assert_eq!(refused.code, Code::OutOfScope);
    assert_eq!(refused.faults, ["no item in the scope of shop@1.0.0 changes checkout"]);
    add(&mut world, "1.0.0", item("shop-2", "checkout")).unwrap();
    world.ask(Command::SealRelease { id }).unwrap();
    // What is sealed stays as it is, also its scope.
    assert_eq!(add(&mut world, "1.0.0", item("shop-3", "web")).unwrap_err().code, Code::ReleaseSealed);
}

#[test]
fn after_the_freeze_two_others_let_something_in() {
    let mut world = scene();
    let early = LateItem { planned: planned("1.0.0"), item: item("shop-9", "web"), reason: "why".to_owned() };
    let id = LateId::from_uuid(uuid_from(world.uuid()));
    let refused = world.ask(Command::RequestLate { id, late: early }).unwrap_err();
    assert_eq!(refused.code, Code::InvalidScope);
    world.pass(3601);
    assert_eq!(add(&mut world, "1.0.0", item("shop-2", "checkout")).unwrap_err().code, Code::ScopeFrozen);
    // A freeze that has come does not move.
    let at = world.now + SignedDuration::from_hours(24);
    let thaw = Command::FreezeScope { planned: planned("1.0.0"), at };
    assert_eq!(world.ask(thaw).unwrap_err().code, Code::ScopeFrozen);

    let id = late(&mut world, "shop-2");
    assert_eq!(world.ask(Command::ApproveLate { id }).unwrap_err().code, Code::SelfApproval);
    world.ask_as("ben", Command::ApproveLate { id }).unwrap();
    assert_eq!(world.ask_as("ben", Command::ApproveLate { id }).unwrap(), []);
    let scope = |world: &World| world.state.scopes.of(&planned("1.0.0")).unwrap().clone();
    assert!(!scope(&world).items.contains_key(&name("shop-2")));
    world.ask_as("cem", Command::ApproveLate { id }).unwrap();
    assert_eq!(scope(&world).late_items().collect::<Vec<_>>(), [(id, &name("shop-2"))]);

    let entry = register(&world.state, world.now).into_iter().find(|it| it.kind == Kind::LateItem).unwrap();
    assert_eq!((entry.standing, entry.owner.as_str()), ("let in", "ana"));
    assert_eq!(entry.approved_by, ["ben", "cem"]);
    assert_eq!(entry.touched, ["release shop@1.0.0"]);
}

#[test]
fn a_second_account_of_whoever_asked_lets_nothing_in() {
    let mut world = scene();
    super::declare(&mut world, "root", "Person", "ana", json!({ "accounts": ["ana-laptop"] }));
    world.pass(3601);
    let id = late(&mut world, "shop-2");
    assert_eq!(world.ask_as("ana-laptop", Command::ApproveLate { id }).unwrap_err().code, Code::SelfApproval);
    // Nor does what was asked for long ago.
    world.pass(15 * 24 * 3600);
    assert_eq!(world.ask_as("ben", Command::ApproveLate { id }).unwrap_err().code, Code::WrongPhase);
}

#[test]
fn what_is_deferred_moves_on_with_its_reason() {
    let mut world = scene();
    let defer = |to: Destination, reason: &str| Command::DeferItem {
        planned: planned("1.0.0"),
        item: name("shop-1"),
        to,
        reason: reason.to_owned(),
    };
    let next = Destination::Release(planned("1.1.0"));
    assert_eq!(world.ask(defer(next.clone(), " ")).unwrap_err().code, Code::InvalidScope);
    world.ask(defer(next.clone(), "not tested in time")).unwrap();
    assert_eq!(world.ask(defer(next, "not tested in time")).unwrap(), []);
    let cycle = Destination::Cycle(name("summer"));
    assert_eq!(world.ask(defer(cycle, "no")).unwrap_err().code, Code::InvalidScope);
    let moved = &world.state.scopes.of(&planned("1.1.0")).unwrap().items[&name("shop-1")];
    assert_eq!(moved.origin, shipway_engine::scope::Origin::Deferred(planned("1.0.0")));
    // Nothing of it stays, so that a release with its service is out of scope.
    let draft = world.seal("0.9.0", &[("web", "1.0.0")]);
    let mut bundle = world.state.releases.get(draft).unwrap().bundle.clone();
    bundle.version = version("1.0.0");
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    assert_eq!(world.ask(Command::SealRelease { id }).unwrap_err().code, Code::OutOfScope);
}

#[test]
fn an_emergency_goes_beside_every_scope() {
    let mut world = scene();
    world
        .ask(Command::DeferItem {
            planned: planned("1.0.0"),
            item: name("shop-1"),
            to: Destination::Cycle(name("summer")),
            reason: "later".to_owned(),
        })
        .unwrap();
    seal(&mut world, "1.0.0", Class::Emergency, &["src/till.rs"]);
}
