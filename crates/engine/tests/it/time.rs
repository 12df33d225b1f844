//! Where time goes: charged to its cause, and foretold.

use shipway_engine::rollout::time;
use shipway_engine::{Command, plan, queue};
use shipway_model::Millis;
use shipway_model::event::End;
use shipway_model::plan::{StepId, Unwind};

use crate::world::{World, failed, name, resource, resources, shop};
use shipway_engine::rollout::Phase;
use shipway_model::effect::{Order, Outcome};

fn piped(stages: serde_json::Value) -> World {
    let mut world = World::with_shop(serde_json::json!({}));
    let mut all = shop(serde_json::json!({ "pipeline": "main", "concurrency": { "rollouts": 2 } }));
    all.extend(resources(&[resource("Pipeline", "main", serde_json::json!({ "stages": stages }))]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    world
}

fn charged(world: &World, id: shipway_model::RolloutId) -> Vec<(String, Millis)> {
    time::waited(world.rollout(id), world.now).into_iter().map(|it| (it.cause, it.total)).collect()
}

#[test]
fn runners_are_charged_for_work_and_waits_go_to_their_cause() {
    let mut world = piped(serde_json::json!([
        { "name": "word", "run": { "approval": { "message": "ship it?" } } },
        { "name": "rest", "run": { "wait": { "duration": "7s" } } },
        { "name": "work", "run": { "command": { "command": ["./work"] } }, "retries": 1 }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    world.pass(5);
    world.ask(Command::ApproveStep { id, step: StepId(1), note: String::new() }).unwrap();
    world.pass(7);
    assert_eq!(time::busy(world.rollout(id), world.now), Millis::ZERO, "nobody has worked yet");
    world.pass(3);
    assert_eq!(time::busy(world.rollout(id), world.now), Millis::from_secs(3));
    let mut attempts = 0;
    world.run(|_| {
        attempts += 1;
        (attempts == 1).then(|| Outcome::Failed {
            reason: "not yet".to_owned(),
            retryable: true,
            verdict: None,
        })
    });
    let cost = time::busy(world.rollout(id), world.now);
    assert_eq!(cost, Millis::from_secs(3), "time between attempts costs nothing");
    assert_eq!(world.state.rollouts.summaries[&id].busy, cost);
    assert_eq!(
        charged(&world, id),
        [
            ("people's word".to_owned(), Millis::from_secs(5)),
            ("waits, bakes and judgements".to_owned(), Millis::from_secs(7))
        ]
    );
}

#[test]
fn a_wait_for_a_lock_is_charged_to_the_lock() {
    let mut world = piped(serde_json::json!([
        { "name": "work", "run": { "command": { "command": ["./work"] } }, "locks": ["db"] }
    ]));
    let (web, checkout) =
        (world.seal("1.0.0", &[("web", "1.0.0")]), world.seal("1.0.1", &[("checkout", "1.0.0")]));
    world.start(web);
    let second = world.start(checkout);
    world.pass(4);
    world.run_well();
    assert_eq!(charged(&world, second), [("the lock db for step 1".to_owned(), Millis::from_secs(4))]);
}

#[test]
fn the_queue_is_foretold_as_turns_will_be_taken() {
    let mut world = World::with_shop(serde_json::json!({}));
    let mut start = |actor: &str, number: &str| {
        let release = world.seal(number, &[("web", number)]);
        world.start_as(actor, release).unwrap()
    };
    let [_, ana, ana_again, ben] = [("ana", "1.0.0"), ("ana", "1.1.0"), ("ana", "1.2.0"), ("ben", "1.3.0")]
        .map(|(who, it)| start(who, it));
    let foretold = queue::order(&world.state, &name("production"));
    assert_eq!(foretold, [ben, ana, ana_again]);
    world.run_well();
    let mut begun = foretold.clone();
    begun.sort_by_key(|id| world.state.rollouts.summaries[id].started);
    assert_eq!(begun, foretold);
}

#[test]
fn a_provider_is_back_only_after_its_consumers_and_what_cannot_be_undone_is_not_counted() {
    let mut world = World::with_shop(serde_json::json!({}));
    world.ship("1.0.0", &[("web", "1.0.0"), ("checkout", "1.0.0")]);
    let release = world.seal("1.1.0", &[("web", "1.1.0"), ("checkout", "1.1.0")]);
    let whole = plan::make(&world.state, release, &name("production")).unwrap().unwind;
    let back = |unwind: &Unwind, service: &str| {
        unwind.services.iter().find(|it| it.service == name(service)).unwrap().expected
    };
    assert_eq!(back(&whole, "checkout"), whole.expected, "web is taken back first");
    assert!(back(&whole, "web") < whole.expected);

    let mut world = piped(serde_json::json!([
        { "name": "first", "run": { "deploy": { "services": ["checkout"] } } },
        { "name": "migrate", "run": { "migration": { "migrate": { "command": ["./migrate"] } } } },
        { "name": "rest", "run": { "deploy": { "services": ["web"] } } }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0"), ("checkout", "1.0.0")]);
    let part = plan::make(&world.state, release, &name("production")).unwrap().unwind;
    assert!(part.point_of_no_return.is_some());
    assert_eq!(back(&part, "web"), Millis::ZERO);
    assert_eq!(back(&part, "checkout"), part.expected);
}

#[test]
fn a_command_that_may_fail_is_no_failed_target() {
    let mut world = piped(serde_json::json!([
        { "name": "work", "run": { "command": { "command": ["./work"] } }, "onFailure": "continue" }
    ]));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    world.run(|effect| matches!(effect.order, Order::Command { .. }).then(|| failed("exit code 3")));
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}
