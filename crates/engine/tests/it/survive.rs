//! Generic suites over every effect, in ways to ship that between them need every kind: every effect twice, fail at every
//! step, resume after every event, a freeze at every step, abort at every step and go on from there.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use shipway_engine::{Code, Command, Phase, State, effects, live_rollouts, rollout};
use shipway_model::effect::{Direction, EffectKey, Order};
use shipway_model::event::{Body, End};
use shipway_model::plan::Action;

use crate::world::{World, failed, name, resource, resources, service};

const SERVICES: [(&str, &str); 2] = [("checkout", "1.0.0"), ("catalogue", "1.0.0")];
/// Each is a strategy; `piped` has stages of every kind around its canary.
const WAYS: [&str; 6] = ["rolling", "replacing", "canary", "blue-green", "recreate", "piped"];

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
        _ => json!({ "strategy": way }),
    };
    let mut declared = crate::world::shop(environment);
    declared.extend(resources(&may_be_down));
    declared.extend(resources(&[
        resource("Strategy", "replacing", json!({ "rolling": { "maxSurge": 0, "maxUnavailable": 2 } })),
        resource("Strategy", "piped", json!({ "canary": { "steps": baking, "watch": {} } })),
        resource("Pipeline", "everything", json!({ "stages": stages })),
        resource(
            "Journey",
            "buy",
            json!({ "service": "checkout", "steps": [{ "name": "buy", "path": "/" }] }),
        ),
    ]));
    world.ship("1.0.0", &SERVICES);
    world.ask(Command::ApplyResources { resources: declared }).unwrap();
    world
}

fn end_of(world: &World, id: shipway_model::RolloutId) -> Option<End> {
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
                // They touch nothing in the world, and have tests of their own beside this file.
                Order::Gates { .. } => unreachable!("no policy is declared"),
            });
            None
        });
        assert_eq!(end_of(&world, id), SUCCEEDED, "{way}");
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
}

fn upgrade(world: &mut World) -> shipway_model::RolloutId {
    let release = world.seal("1.1.0", &[("checkout", "1.1.0"), ("catalogue", "1.1.0")]);
    world.start(release)
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
        let mut late: Vec<(EffectKey, shipway_model::effect::Outcome)> = Vec::new();
        for _ in 0..1000 {
            let Some(effect) = twice.effects().first().cloned() else {
                let Some(at) = shipway_engine::wake_at(&twice.state) else { break };
                twice.pass((at - twice.now).get_seconds() + 1);
                continue;
            };
            twice.act(&effect);
            let outcome = twice.act(&effect);
            for _ in 0..2 {
                twice.ask(Command::Report { key: effect.key, outcome: outcome.clone() }).unwrap();
            }
            for (key, outcome) in &late {
                assert_eq!(twice.ask(Command::Report { key: *key, outcome: outcome.clone() }).unwrap(), []);
            }
            late.push((effect.key, outcome));
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
    let mut expected = shipped("canary");
    upgrade(&mut expected);
    expected.run_well();
    let mut world = shipped("canary");
    let id = upgrade(&mut world);
    for _ in 0..1000 {
        let Some(effect) = world.effects().last().cloned() else {
            let Some(at) = shipway_engine::wake_at(&world.state) else { break };
            world.pass((at - world.now).get_seconds() + 1);
            continue;
        };
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    assert_eq!(world.standing(), expected.standing());
    assert!(world.acts.values().all(|n_acts| *n_acts == 1));
}

/// For an hour from `begins` on.
fn freeze(begins: Timestamp) -> Value {
    let begins = begins.strftime("%FT%H:%M:%S").to_string();
    let rule =
        json!({ "name": "freeze", "kind": "deny", "purpose": "freeze", "dtstart": begins, "duration": "1h" });
    resource("Calendar", "office", json!({ "timeZone": "Etc/UTC", "rules": [rule] }))
}

/// Whenever a freeze comes, what is under way is finished, nothing else touches the world, and the rollout goes on by
/// itself when it is over.
#[test]
fn a_freeze_at_every_step() {
    for way in WAYS {
        let mut free = shipped(way);
        upgrade(&mut free);
        free.run_well();
        let mut n_held = 0;
        for n_before in 0..200 {
            let mut world = shipped(way);
            let id = upgrade(&mut world);
            if perform(&mut world, n_before) < n_before {
                break;
            }
            let (begins, n_events) = (world.now, world.events.len());
            world.ask(Command::ApplyResources { resources: resources(&[freeze(begins)]) }).unwrap();
            world.run_well();
            assert_eq!(end_of(&world, id), SUCCEEDED, "{way} after {n_before}");
            assert_eq!(world.standing(), free.standing(), "{way} after {n_before}");
            let later = &world.events[n_events..];
            let meanwhile = later.iter().take_while(|it| it.at < begins + SignedDuration::from_mins(59));
            let started = meanwhile.filter_map(|it| match &it.body {
                Body::StepStarted { id, step, direction, .. } => {
                    rollout::action(world.rollout(*id), *step, *direction).map(Action::word)
                }
                _ => None,
            });
            let touching: Vec<_> =
                started.filter(|it| ["place", "retire", "route", "command", "http"].contains(it)).collect();
            assert_eq!(touching, [""; 0], "{way} after {n_before}");
            n_held += usize::from(later.iter().any(|it| matches!(it.body, Body::RolloutHeld { .. })));
            same_when_folded_again(&world, way);
        }
        assert!(n_held > 5, "{way}: it was held {n_held} times");
    }
}

/// Performs this many effects, letting time pass in between; fewer when the rollout ends before.
fn perform(world: &mut World, n_effects: usize) -> usize {
    let mut n_performed = 0;
    while n_performed < n_effects {
        let Some(effect) = world.effects().first().cloned() else {
            let is_over = live_rollouts(&world.state).all(|it| world.rollout(it).has_ended());
            let Some(at) = shipway_engine::wake_at(&world.state).filter(|_| !is_over) else { break };
            world.now = at.max(world.now);
            world.pass(0);
            continue;
        };
        let outcome = world.act(&effect);
        world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
        n_performed += 1;
    }
    n_performed
}

fn same_when_folded_again(world: &World, way: &str) {
    let mut again = State::default();
    world.events.iter().for_each(|it| again.apply(it));
    assert_eq!(again.rollouts.live, world.state.rollouts.live, "{way}");
}

/// Wherever a rollout was aborted, the next one that fails goes back to what stood, and the next one that ends well leaves
/// nothing else behind.
#[test]
fn abort_at_every_step_and_go_on_from_there() {
    for way in WAYS {
        let mut n_without_the_recorded = 0;
        for n_before in 0..200 {
            let mut world = shipped(way);
            let id = upgrade(&mut world);
            if perform(&mut world, n_before) < n_before || end_of(&world, id).is_some() {
                break;
            }
            world.ask(Command::AbortRollout { id, reason: "think first".to_owned() }).unwrap();
            world.run_well();
            assert!(matches!(end_of(&world, id), Some(End::Aborted { .. })), "{way} after {n_before}");
            let left = world.standing();
            n_without_the_recorded += usize::from(!left.iter().any(|it| it.starts_with("checkout 1.0.0")));

            let next = world.seal("1.2.0", &[("checkout", "1.2.0"), ("catalogue", "1.2.0")]);
            let id = world.start(next);
            let mut is_up = false;
            world.run(|effect| {
                let verifies = matches!(effect.order, Order::Verify { .. });
                is_up |= verifies;
                verifies.then(|| failed("it is not well"))
            });
            assert!(is_up, "{way} after {n_before}: it came to its end");
            if matches!(world.phase(id), Phase::Halted { .. }) {
                world.ask(Command::RollBack { id, reason: "it failed".to_owned() }).unwrap();
                world.run_well();
            }
            assert_eq!(end_of(&world, id), Some(End::RolledBack {}), "{way} after {n_before}");
            assert_eq!(world.standing(), left, "{way} after {n_before}");
            somebody_answers(&world, &left, way, n_before);

            // What was aborted, once more, and what was there before it.
            for (release, number) in [("1.3.0", "1.1.0"), ("1.4.0", "1.0.0")] {
                world.ship(release, &[("checkout", number), ("catalogue", number)]);
                let expected: Vec<_> = ["catalogue", "checkout"]
                    .iter()
                    .flat_map(|it| ["a", "b", "c"].map(|host| format!("{it} {number} @ host-{host}")))
                    .collect();
                assert_eq!(world.standing(), expected, "{way} after {n_before}");
                for (service, (_, pools)) in &world.routes {
                    let only = [(number.parse().unwrap(), 10_000, 3)];
                    assert_eq!(*pools, only, "{way} after {n_before}: {service}");
                }
            }
        }
        assert!(n_without_the_recorded > 0, "{way}: a rollout was aborted when the old version was gone");
    }
}

/// Where something of a service stands, the traffic is sent to it.
fn somebody_answers(world: &World, standing: &[String], way: &str, n_before: usize) {
    for service in ["checkout", "catalogue"] {
        let stands = standing.iter().any(|it| it.starts_with(service));
        let n_backends: usize = world.routes[&name(service)].1.iter().map(|it| it.2).sum();
        assert!(!stands || n_backends > 0, "{way} after {n_before}: nobody answers for {service}");
    }
}
