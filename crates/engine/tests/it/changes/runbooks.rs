//! Runbooks: read by a peer, bound by releases, owed again when something makes them out of date; and their fallbacks.

use serde_json::{Value, json};
use shipway_engine::{Code, Command, Phase, Rejection, runbook};
use shipway_model::effect::Order;
use shipway_model::event::{Body, End, Scope};
use shipway_model::release::Class;
use shipway_model::resource::Kind;
use shipway_model::{ReleaseId, RolloutId};

use super::{approve, declare, protected, register, seal, standing};
use crate::world::{World, failed, name, uuid_from};

fn spec(text: &str) -> Value {
    json!({
        "purpose": "operating", "services": ["web"], "text": text,
        "describes": { "paths": ["queue/**"], "deployment": true }, "reviseWithin": "1d",
        "fallbacks": [{ "name": "drain", "when": "The queue grows.", "stages": [
            { "name": "drain", "run": { "command": { "command": ["bin/drain"], "service": "web" } } },
            { "name": "settle", "run": { "wait": { "duration": "10s" } } },
        ] }],
    })
}

fn review(world: &mut World, by: &str) -> Result<Vec<Body>, Rejection> {
    let (_, revision) = runbook::known(&world.state, &name("web-operating")).unwrap();
    let command = Command::ReviewRunbook { runbook: name("web-operating"), revision, note: String::new() };
    world.ask_as(by, command)
}

/// The protected shop with a runbook that cem wrote and dan has read.
fn scene() -> World {
    let mut world = protected(json!({}));
    declare(&mut world, "cem", "Runbook", "web-operating", spec("Look at the queue."));
    review(&mut world, "dan").unwrap();
    world
}

/// Ships web into production under ben's word.
fn ship(world: &mut World, number: &str, files: &[&str]) -> ReleaseId {
    let release = seal(world, number, Class::Normal, files);
    let ben = register(world, "ben", 2);
    let id = world.start_as("ana", release).unwrap();
    approve(world, "ben", id, &ben);
    world.run_well();
    assert!(matches!(world.phase(id), Phase::Ended(End::Succeeded { .. })), "{:?}", world.phase(id));
    release
}

fn fall_back(world: &mut World, fallback: &str) -> Result<RolloutId, Rejection> {
    let id = RolloutId::from_uuid(uuid_from(world.uuid()));
    let command = Command::FallBack {
        id,
        runbook: name("web-operating"),
        fallback: name(fallback),
        environment: name("production"),
        reason: "nobody orders and the queue grows".to_owned(),
    };
    world.ask_as("ops", command)?;
    Ok(id)
}

#[test]
fn what_nobody_else_has_read_is_not_sealed() {
    let mut world = protected(json!({}));
    declare(&mut world, "cem", "Runbook", "web-operating", spec("Look at the queue."));
    let id = world.draft("1.0.0", &[("web", "1.0.0")]);
    let refused = world.ask(Command::SealRelease { id }).unwrap_err();
    assert_eq!(refused.code, Code::RunbookUnread);
    assert!(refused.faults[0].contains("Runbook web-operating"), "{refused:?}");
    assert_eq!(review(&mut world, "cem").unwrap_err().code, Code::SelfApproval);
    review(&mut world, "dan").unwrap();
    assert!(review(&mut world, "ana").unwrap().is_empty(), "one peer is enough");
    world.ask(Command::SealRelease { id }).unwrap();
    let (_, read) = runbook::known(&world.state, &name("web-operating")).unwrap();
    let bound = &world.state.releases.get(id).unwrap().bundle.runbooks;
    assert_eq!(bound.get(&name("web-operating")), Some(&read));
    // Catalogue is not what it is about.
    let other = world.seal("2.0.0", &[("catalogue", "2.0.0")]);
    assert!(world.state.releases.get(other).unwrap().bundle.runbooks.is_empty());
}

#[test]
fn a_word_for_another_revision_does_not_count_and_an_emergency_takes_what_was_read() {
    let mut world = scene();
    let (_, read) = runbook::known(&world.state, &name("web-operating")).unwrap();
    declare(&mut world, "cem", "Runbook", "web-operating", spec("Look at the other queue."));
    let stale =
        Command::ReviewRunbook { runbook: name("web-operating"), revision: read, note: String::new() };
    assert_eq!(world.ask_as("dan", stale).unwrap_err().code, Code::WordVoid);
    let first = world.draft("1.0.0-draft", &[("web", "1.0.0")]);
    let bundle = world.state.releases.get(first).unwrap().bundle.clone();
    let bundle = shipway_model::release::Bundle {
        version: crate::world::version("1.0.0"),
        class: Class::Emergency,
        ..bundle
    };
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    world.ask(Command::SealRelease { id }).unwrap();
    assert_eq!(world.state.releases.get(id).unwrap().bundle.runbooks[&name("web-operating")], read);
    assert_eq!(world.ask(Command::SealRelease { id: first }).unwrap_err().code, Code::RunbookUnread);
}

#[test]
fn a_declared_runbook_is_the_document_that_policies_ask_for() {
    use shipway_model::release::Document;
    let mut world = scene();
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/a.rs"]);
    let bundle = &world.state.releases.get(release).unwrap().bundle;
    assert!(bundle.brings(Document::Runbook));
    assert!(!bundle.brings(Document::RollbackPackage));
}

#[test]
fn a_release_that_changes_what_it_describes_owes_a_revision_and_the_next_change_waits() {
    let mut world = scene();
    ship(&mut world, "1.0.0", &["src/a.rs"]);
    assert!(world.state.runbooks.get(&name("web-operating")).unwrap().outdated.is_none());
    ship(&mut world, "2.0.0", &["queue/drain.rs"]);
    let outdated = world.state.runbooks.get(&name("web-operating")).unwrap().outdated.clone().unwrap();
    assert_eq!(outdated.reasons, ["release shop@2.0.0 changes queue/drain.rs"]);
    let release = seal(&mut world, "3.0.0", Class::Normal, &["src/b.rs"]);
    let id = world.start_as("ana", release).unwrap();
    let waits = |world: &World| standing(world, id).against.iter().any(|it| it.contains("is out of date"));
    assert!(!waits(&world), "it is owed, and not yet due");
    world.pass(24 * 3600);
    assert!(waits(&world));
    declare(&mut world, "cem", "Runbook", "web-operating", spec("Look at the queue of orders."));
    assert!(waits(&world), "nobody has read it");
    review(&mut world, "dan").unwrap();
    assert!(!waits(&world));
}

#[test]
fn what_starts_differently_owes_one_too_and_so_does_what_a_review_has_shown() {
    let mut world = scene();
    world.seal("1.0.0", &[("web", "1.0.0")]);
    let mut changed = crate::world::service("web", &["checkout", "catalogue"])["spec"].clone();
    changed["deployment"]["command"] = json!(["./serve", "--fast"]);
    declare(&mut world, "root", "Service", "web", changed);
    world.seal("2.0.0", &[("web", "2.0.0")]);
    let reasons = |world: &World| {
        let book = world.state.runbooks.get(&name("web-operating")).unwrap();
        book.outdated.clone().map(|it| it.reasons).unwrap_or_default()
    };
    assert_eq!(reasons(&world), ["release shop@2.0.0 changes how web is deployed"]);
    let doubt = |world: &mut World, reason: &str| {
        let reason = reason.to_owned();
        world.ask_as("ana", Command::OutdateRunbook { runbook: name("web-operating"), reason })
    };
    assert_eq!(doubt(&mut world, " ").unwrap_err().code, Code::InvalidReason);
    doubt(&mut world, "the alarm has another name").unwrap();
    assert_eq!(reasons(&world).len(), 2);
}

#[test]
fn a_fallback_runs_as_it_was_agreed_to_and_asks_nobody() {
    let mut world = scene();
    assert_eq!(fall_back(&mut world, "drain").unwrap_err().code, Code::NotAgreed, "nothing stands");
    let release = ship(&mut world, "1.0.0", &["src/a.rs"]);
    let latest = world.state.environments.get(&name("production")).unwrap().latest;
    // What is written into it later is not what was agreed to.
    let mut later = spec("Look at the queue.");
    later["fallbacks"][0]["stages"][0]["run"]["command"]["command"] = json!(["bin/drop"]);
    later["fallbacks"].as_array_mut().unwrap().push(json!({
        "name": "stop", "when": "Never.", "stages": [{ "name": "stop", "run": { "wait": { "duration": "1s" } } }],
    }));
    declare(&mut world, "cem", "Runbook", "web-operating", later);
    review(&mut world, "dan").unwrap();
    assert_eq!(fall_back(&mut world, "stop").unwrap_err().code, Code::NotAgreed);

    let id = fall_back(&mut world, "drain").unwrap();
    assert!(world.state.changes.of(id).is_none(), "it opens no change");
    let mut commands = Vec::new();
    world.run(|effect| {
        if let Order::Command { command, .. } = &effect.order {
            commands.push(command.command.join(" "));
        }
        None
    });
    assert_eq!(commands, ["bin/drain"]);
    let summary = &world.state.rollouts.summaries[&id];
    assert!(matches!(summary.end, Some(End::Succeeded { .. })), "{:?}", summary.end);
    assert_eq!(summary.release.id, release);
    let environment = world.state.environments.get(&name("production")).unwrap();
    assert_eq!(environment.latest, latest, "what can be taken back is what was shipped before");
    assert_eq!(environment.services[&name("web")].release.id, release);
}

#[test]
fn a_fallback_does_not_wait_behind_what_it_is_the_way_out_of() {
    let mut world = scene();
    ship(&mut world, "1.0.0", &["src/a.rs"]);
    let release = seal(&mut world, "2.0.0", Class::Normal, &["src/b.rs"]);
    let ben = register(&mut world, "ben", 2);
    let moving = world.start_as("ana", release).unwrap();
    approve(&mut world, "ben", moving, &ben);
    // The first instance of it does not come up, and somebody stops everything.
    world
        .ask_as("ops", Command::PauseScope { scope: Scope::Everything, reason: "look first".to_owned() })
        .unwrap();
    declare(
        &mut world,
        "root",
        "Calendar",
        "closed",
        json!({ "rules": [{ "name": "always", "kind": "deny", "dtstart": "2027-01-01", "duration": "400d" }] }),
    );
    let id = fall_back(&mut world, "drain").unwrap();
    assert!(world.rollout(id).started.is_some(), "{:?}", world.phase(id));
    let order = world.effects().into_iter().find(|it| matches!(it.order, Order::Command { .. }));
    assert!(order.is_some(), "its command is ordered although everything is paused");
    let effect = order.unwrap();
    world.tell(&effect, failed("no such queue"));
    assert!(
        matches!(world.phase(id), Phase::Halted { .. }),
        "what fails waits for a person, and takes nothing back"
    );
    world.ask_as("ops", Command::AbortRollout { id, reason: "by hand".to_owned() }).unwrap();
    assert!(matches!(world.state.rollouts.summaries[&id].end, Some(End::Aborted { .. })));
    assert!(!world.rollout(moving).has_ended(), "the other is as it was");
}

#[test]
fn a_runbook_names_services_that_are_declared() {
    let mut world = protected(json!({}));
    let mut wrong = spec("Look.");
    wrong["services"] = json!(["nothing"]);
    let resources = crate::world::resources(&[crate::world::resource("Runbook", "x", wrong)]);
    let refused = world.ask_as("root", Command::ApplyResources { resources }).unwrap_err();
    assert_eq!(refused.code, Code::InvalidDeclarations);
    assert!(world.state.catalogue.of_kind(Kind::Runbook).next().is_none());
}
