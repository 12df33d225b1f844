//! Generic suites over every effect, in ways to ship that between them need every kind: every effect twice, fail at every
//! step, resume after every event, answers in any order. What stops a rollout from outside, at every step, is in `stops`.

mod stops;

use std::collections::BTreeSet;

use serde_json::json;
use shipway_engine::{Code, Command, Phase, State, effects, live_rollouts, rollout};
use shipway_model::effect::{Direction, EffectKey, Order};
use shipway_model::event::End;
use shipway_model::{ReleaseId, RolloutId};

use crate::changes;
use crate::world::{World, failed, resource, resources, service};

const SERVICES: [(&str, &str); 2] = [("checkout", "1.0.0"), ("catalogue", "1.0.0")];
/// Each is a strategy, but for the last three: `piped` has stages of every kind around its canary, `gated` asks gates before
/// and after it deploys, and `protected` begins and goes on by a person's word.
const WAYS: [&str; 9] =
    ["rolling", "replacing", "canary", "fresh", "blue-green", "recreate", "piped", "gated", "protected"];
/// Whose word carries what is protected. It is not asked for by them.
const APPROVER: (&str, u8) = ("ben", 7);

/// 1.0.0 of both services on three hosts, and the next release goes this way.
fn shipped(way: &str) -> World {
    let mut world = World::with_shop(json!({ "strategy": "rolling" }));
    let may_be_down = ["checkout", "catalogue"].map(|it| {
        let mut service = service(it, &[]);
        service["spec"]["zeroDowntime"] = json!(false);
        service
    });
    let stages = json!([
        { "name": "before", "run": { "http": { "url": "http://127.0.0.1:9/before" } } },
        { "name": "expand", "run": { "migration": {
            "migrate": { "command": ["./expand"] }, "compensate": { "command": ["./contract"] } } } },
        { "name": "deploy", "run": { "deploy": {} } },
        { "name": "journey", "run": { "journey": { "name": "buy" } } },
        { "name": "program", "run": { "command": { "command": ["./check"] } } },
        { "name": "verify", "run": { "verify": {} }, "onFailure": "halt" },
    ]);
    let baking =
        json!([{ "weight": 40 }, { "bake": { "duration": "1s", "requests": 9 } }, { "analysis": {} }]);
    let environment = match way {
        "piped" => json!({ "strategy": "piped", "pipeline": "everything" }),
        "gated" => json!({ "strategy": "rolling", "pipeline": "proven" }),
        "protected" => json!({ "strategy": "rolling", "protected": true, "changePolicy": "one-word" }),
        _ => json!({ "strategy": way }),
    };
    let mut declared = crate::world::shop(environment);
    let proven = json!([
        { "name": "tested", "run": { "gates": { "policies": ["proof"] } } },
        { "name": "deploy", "run": { "deploy": {} } },
        { "name": "accepted", "run": { "gates": { "policies": ["proof", "word"] } }, "onFailure": "halt" },
        { "name": "verify", "run": { "verify": {} } },
    ]);
    let gates = json!({ "gates": [{ "name": "unit", "require": { "tests": {} } }] });
    let word = json!({ "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "people": [APPROVER.0] } } ] } });
    declared.extend(resources(&may_be_down));
    declared.extend(resources(&[
        resource("Strategy", "replacing", json!({ "rolling": { "maxSurge": 0, "maxUnavailable": 2 } })),
        resource("Strategy", "fresh", crate::world::against_fresh()),
        resource("Strategy", "piped", json!({ "canary": { "steps": baking, "watch": {} } })),
        resource("Pipeline", "everything", json!({ "stages": stages })),
        resource("Pipeline", "proven", json!({ "stages": proven })),
        resource("Policy", "proof", gates.clone()),
        resource("Policy", "word", gates),
        resource("ChangePolicy", "one-word", word),
        resource(
            "Journey",
            "buy",
            json!({ "service": "checkout", "steps": [{ "name": "buy", "path": "/" }] }),
        ),
    ]));
    world.ship("1.0.0", &SERVICES);
    world.ask_as("root", Command::ApplyResources { resources: declared }).unwrap();
    let (person, seed) = APPROVER;
    changes::register(&mut world, person, seed);
    world
}

/// Starts a rollout, with the word that it waits for where it waits for one.
fn start(world: &mut World, release: ReleaseId) -> RolloutId {
    let id = world.start(release);
    say_yes(world, id);
    id
}

fn say_yes(world: &mut World, id: RolloutId) {
    if world.state.changes.of(id).is_some() {
        let (person, seed) = APPROVER;
        changes::approve(world, person, id, &changes::Signer::new(seed));
    }
}

/// Ships a release to the end and expects it to end well.
fn ship(world: &mut World, release: &str, parts: &[(&str, &str)]) {
    let release = world.seal(release, parts);
    let id = start(world, release);
    world.run_well();
    assert_eq!(end_of(world, id), SUCCEEDED, "{:?}", world.phase(id));
}

fn end_of(world: &World, id: RolloutId) -> Option<End> {
    match world.phase(id) {
        Phase::Ended(end) => Some(end.clone()),
        _ => None,
    }
}

const SUCCEEDED: Option<End> = Some(End::Succeeded { failed_targets: 0 });

#[test]
fn between_them_the_ways_need_every_kind_of_effect() {
    let mut seen = BTreeSet::new();
    for way in WAYS {
        let mut world = shipped(way);
        let id = upgrade(&mut world);
        world.run(|effect| {
            // Without a default: a new kind has to be added here, and to the ways above.
            seen.insert(match &effect.order {
                Order::Place { .. } => "place",
                Order::Retire { .. } => "retire",
                Order::Verify { .. } => "verify",
                Order::Command { .. } => "command",
                Order::Route { .. } => "route",
                Order::Bake { .. } => "bake",
                Order::Analyse { .. } => "analyse",
                Order::Watch { .. } => "watch",
                Order::Http { .. } => "http",
                Order::Journey { .. } => "journey",
                Order::Gates { .. } => "gates",
            });
            None
        });
        assert_eq!(end_of(&world, id), SUCCEEDED, "{way}");
    }
    assert_eq!(seen.len(), 11, "{seen:?}");
}

fn upgrade(world: &mut World) -> RolloutId {
    let release = world.seal("1.1.0", &[("checkout", "1.1.0"), ("catalogue", "1.1.0")]);
    start(world, release)
}

/// Performs the next effect twice and reports it twice, the second time late.
#[test]
fn every_effect_twice() {
    for strategy in WAYS {
        let mut once = shipped(strategy);
        upgrade(&mut once);
        once.run_well();

        let mut twice = shipped(strategy);
        let id = upgrade(&mut twice);
        let mut late: Vec<Command> = Vec::new();
        for _ in 0..1000 {
            let Some(effect) = twice.effects().first().cloned() else {
                let Some(at) = shipway_engine::wake_at(&twice.state) else { break };
                twice.pass((at - twice.now).get_seconds() + 1);
                continue;
            };
            twice.act(&effect);
            let outcome = twice.act(&effect);
            let told = twice.told(&effect, outcome);
            for command in told.iter().chain(&told) {
                twice.ask_as("performer", command.clone()).unwrap();
            }
            for command in &late {
                assert_eq!(twice.ask_as("performer", command.clone()).unwrap(), []);
            }
            late.extend(told);
        }
        assert_eq!(*twice.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }), "{strategy}");
        assert_eq!(twice.standing(), once.standing(), "{strategy}");
        let bodies = |world: &World| world.events.iter().map(|it| it.body.clone()).collect::<Vec<_>>();
        assert_eq!(bodies(&twice), bodies(&once), "{strategy}: repeats leave no trace");
    }
}

#[test]
fn answers_about_what_has_not_begun_are_refused() {
    let mut world = shipped("rolling");
    let id = upgrade(&mut world);
    let first = world.effects()[0].key;
    let last = world.rollout(id).plan.steps.last().unwrap().id;
    for key in [
        EffectKey { step: last, ..first },
        EffectKey { direction: Direction::Undo, ..first },
        EffectKey { attempt: 2, ..first },
    ] {
        let refused = world.ask(Command::Report { key, outcome: failed("too early") });
        assert_eq!(refused.unwrap_err().code, Code::InvalidReport, "{key}");
    }
}

#[test]
fn fail_at_every_step() {
    for strategy in WAYS {
        let before = shipped(strategy).standing();
        let n_steps = {
            let mut world = shipped(strategy);
            let id = upgrade(&mut world);
            world.rollout(id).plan.steps.len()
        };
        for failing in 1..=n_steps {
            let mut world = shipped(strategy);
            let id = upgrade(&mut world);
            world.run(|effect| {
                let is_it = effect.key.step.0 as usize == failing && effect.key.direction == Direction::Do;
                is_it.then(|| failed("scripted"))
            });
            if matches!(world.phase(id), Phase::Halted { .. }) {
                // A person has it taken back.
                world.ask(Command::RollBack { id, reason: "it failed".to_owned() }).unwrap();
                world.run_well();
            }
            match world.phase(id) {
                // Steps that only wait cannot fail, and a watch sees what has ended.
                Phase::Ended(End::Succeeded { .. }) => {
                    let action = &world.rollout(id).plan.steps[failing - 1].action;
                    assert!(
                        matches!(action.word(), "wait" | "bake" | "watch"),
                        "{strategy} step {failing}: {action:?}"
                    );
                }
                Phase::Ended(End::RolledBack {}) => {
                    assert_eq!(world.standing(), before, "{strategy} step {failing}");
                    for (_, pools) in world.routes.values() {
                        assert_eq!(pools.len(), 1, "{strategy} step {failing}: one version answers");
                        assert_eq!(pools[0].0.as_str(), "1.0.0", "{strategy} step {failing}");
                    }
                }
                other => panic!("{strategy} step {failing}: {other:?}"),
            }
        }
    }
}

/// A controller that died after any event folds the same state, and wants the same effects.
#[test]
fn resume_after_every_event() {
    for strategy in WAYS {
        let mut world = shipped(strategy);
        let id = upgrade(&mut world);
        let mut judged = 0;
        world.run(|effect| {
            judged += usize::from(matches!(effect.order, Order::Analyse { .. }));
            // The second service's canary is harmful, so that the way back is resumed too.
            (judged == 2).then(|| failed("harmful"))
        });
        let events = world.events.clone();
        let mut whole = State::default();
        for (n_events, event) in events.iter().enumerate() {
            whole.apply(event);
            let mut again = State::default();
            events[..=n_events].iter().for_each(|it| again.apply(it));
            let wanted =
                |state: &State| live_rollouts(state).flat_map(|id| effects(state, id)).collect::<Vec<_>>();
            assert_eq!(wanted(&whole), wanted(&again), "{strategy} after {n_events}");
        }
        let of_rollout = events.iter().filter(|it| it.body.rollout() == Some(id));
        let folded = rollout::fold(of_rollout).unwrap();
        assert_eq!(folded.steps, world.rollout(id).steps);
        assert_eq!(folded.phase, world.rollout(id).phase);
    }
}

/// Whatever the order in which performers answer, a rollout comes to the same end.
#[test]
fn answers_in_any_order() {
    for way in WAYS {
        let mut expected = shipped(way);
        upgrade(&mut expected);
        expected.run_well();
        let mut world = shipped(way);
        let id = upgrade(&mut world);
        for _ in 0..1000 {
            let Some(effect) = world.effects().last().cloned() else {
                let Some(at) = shipway_engine::wake_at(&world.state) else { break };
                world.pass((at - world.now).get_seconds() + 1);
                continue;
            };
            let outcome = world.act(&effect);
            world.tell(&effect, outcome);
        }
        assert_eq!(end_of(&world, id), SUCCEEDED, "{way}");
        assert_eq!(world.standing(), expected.standing(), "{way}");
        assert!(world.acts.values().all(|n_acts| *n_acts == 1), "{way}");
    }
}
