//! Steps whose turn has come and that something holds: they wait for its end, and the core rests meanwhile.

use shipway_engine::{Command, Phase};
use shipway_model::effect::{Effect, Order, Outcome};
use shipway_model::event::{End, Scope};
use shipway_model::{Name, RolloutId};

use crate::world::{World, name, resource, resources, shop, uuid_from};

const SUCCEEDED: Phase = Phase::Ended(End::Succeeded { failed_targets: 0 });

fn once_more() -> Outcome {
    Outcome::Failed { reason: "try again".to_owned(), retryable: true, verdict: None }
}

/// Two environments on the same hosts, whose pipelines share a lock.
fn two_environments(steps: u32) -> World {
    let mut world = World::with_shop(serde_json::json!({}));
    let mut all =
        shop(serde_json::json!({ "pipeline": "main", "concurrency": { "rollouts": 2, "steps": steps } }));
    let stages = serde_json::json!([{
        "name": "smoke",
        "run": { "http": { "url": "http://127.0.0.1:8001/" } },
        "locks": ["customer"],
        "retries": 2
    }]);
    let staging = serde_json::json!({ "targets": { "env": "production" }, "pipeline": "main" });
    all.extend(resources(&[
        resource("Pipeline", "main", serde_json::json!({ "stages": stages })),
        resource("Environment", "staging", staging),
    ]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    world
}

fn start(world: &mut World, release: shipway_model::ReleaseId, environment: Name) -> RolloutId {
    let id = RolloutId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::StartRollout { id, release, environment, plan: None }).unwrap();
    id
}

fn effect_of(world: &World, id: RolloutId) -> Option<Effect> {
    world.effects().into_iter().find(|it| it.key.rollout == id)
}

fn report(world: &mut World, effect: &Effect, outcome: Outcome) {
    world.ask(Command::Report { key: effect.key, outcome }).unwrap();
}

#[test]
fn a_retry_waits_for_the_end_of_an_environments_pause() {
    let mut world = two_environments(100);
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = start(&mut world, release, name("staging"));
    let effect = effect_of(&world, id).unwrap();
    report(&mut world, &effect, once_more());
    let scope = Scope::Environment(name("staging"));
    world.ask(Command::PauseScope { scope: scope.clone(), reason: "incident".to_owned() }).unwrap();
    world.pass(600);
    assert_eq!(effect_of(&world, id), None);
    world.ask(Command::ResumeScope { scope }).unwrap();
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
}

#[test]
fn a_lock_is_handed_on_across_environments_as_soon_as_its_step_ends() {
    let mut world = two_environments(100);
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let first = start(&mut world, release, name("staging"));
    let second = start(&mut world, release, name("production"));
    let effect = effect_of(&world, first).unwrap();
    assert_eq!(effect_of(&world, second), None, "the lock is held");
    report(&mut world, &effect, once_more());
    let second_smoke = effect_of(&world, second).expect("the lock is free between attempts");
    world.pass(60);
    assert_eq!(effect_of(&world, first), None, "its retry waits for the lock");
    let outcome = world.act(&second_smoke);
    report(&mut world, &second_smoke, outcome);
    assert_eq!(*world.phase(second), SUCCEEDED);
    assert!(effect_of(&world, first).is_some(), "the lock came back");
    world.run_well();
    assert_eq!(*world.phase(first), SUCCEEDED);
}

#[test]
fn room_for_one_step_is_handed_on_when_the_step_ends() {
    let mut world = World::with_shop(serde_json::json!({
        "strategy": "rolling", "concurrency": { "rollouts": 2, "steps": 1 }
    }));
    let web = world.seal("1.0.0", &[("web", "1.0.0")]);
    let catalogue = world.seal("1.0.1", &[("catalogue", "1.0.0")]);
    let ids = [start(&mut world, web, name("production")), start(&mut world, catalogue, name("production"))];
    let effect = effect_of(&world, ids[0]).unwrap();
    assert!(matches!(effect.order, Order::Place { .. }) && effect_of(&world, ids[1]).is_none());
    report(&mut world, &effect, once_more());
    assert!(effect_of(&world, ids[1]).is_some(), "the place is free between attempts");
    world.run_well();
    for id in ids {
        assert_eq!(world.state.rollouts.summaries[&id].end, Some(End::Succeeded { failed_targets: 0 }));
    }
}

#[test]
fn a_step_that_would_be_tried_again_rests_while_the_line_is_halted_or_aborted() {
    let mut world = World::with_shop(serde_json::json!({}));
    let smoke = |name: &str, retries: u32| {
        serde_json::json!({
            "name": name, "after": [], "run": { "http": { "url": "http://127.0.0.1:8001/" } }, "retries": retries
        })
    };
    let stages = serde_json::json!({ "stages": [smoke("once", 0), smoke("often", 5)] });
    let mut all = shop(serde_json::json!({ "pipeline": "main" }));
    all.extend(resources(&[resource("Pipeline", "main", stages)]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = start(&mut world, release, name("production"));
    let effects = world.effects();
    assert_eq!(effects.len(), 2);
    report(&mut world, &effects[1], once_more());
    report(&mut world, &effects[0], crate::world::failed("status 500"));
    assert!(matches!(world.phase(id), Phase::Halted { .. }));
    world.pass(600);
    assert_eq!(world.effects(), []);
    world.ask(Command::Retry { id }).unwrap();
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
}

#[test]
fn what_a_person_tries_again_waits_for_the_end_of_a_pause_too() {
    let mut world = two_environments(100);
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = start(&mut world, release, name("staging"));
    let effect = effect_of(&world, id).unwrap();
    report(&mut world, &effect, crate::world::failed("status 500"));
    assert!(matches!(world.phase(id), Phase::Halted { .. }));
    world.ask(Command::PauseScope { scope: Scope::Everything, reason: "incident".to_owned() }).unwrap();
    world.ask(Command::Retry { id }).unwrap();
    assert_eq!(effect_of(&world, id), None, "everything is paused");
    world.ask(Command::ResumeScope { scope: Scope::Everything }).unwrap();
    assert_eq!(effect_of(&world, id).unwrap().key.attempt, 2);
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
}

#[test]
fn who_tries_a_paused_rollout_again_resumes_it_first() {
    let mut world = two_environments(100);
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = start(&mut world, release, name("staging"));
    world.ask(Command::PauseRollout { id, reason: "lunch".to_owned() }).unwrap();
    let effect = effect_of(&world, id).unwrap();
    report(&mut world, &effect, crate::world::failed("status 500"));
    assert!(matches!(world.phase(id), Phase::Halted { .. }));
    let refused = world.ask(Command::Retry { id }).unwrap_err();
    assert_eq!(refused.code, shipway_engine::Code::WrongPhase);
    world.ask(Command::ResumeRollout { id }).unwrap();
    world.ask(Command::Retry { id }).unwrap();
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
}
