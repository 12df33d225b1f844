//! Generic suites over every effect: every effect twice, fail at every step, resume after every event.

use shipway_engine::{Code, Command, Phase, State, effects, live_rollouts, rollout};
use shipway_model::effect::{Direction, EffectKey, Order};
use shipway_model::event::End;

use crate::world::{World, failed};

const SERVICES: [(&str, &str); 2] = [("checkout", "1.0.0"), ("catalogue", "1.0.0")];
const STRATEGIES: [&str; 3] = ["rolling", "canary", "blue-green"];

fn shipped(strategy: &str) -> World {
    let mut world = World::with_shop(serde_json::json!({ "strategy": strategy }));
    world.ship("1.0.0", &SERVICES);
    world
}

fn upgrade(world: &mut World) -> shipway_model::RolloutId {
    let release = world.seal("1.1.0", &[("checkout", "1.1.0"), ("catalogue", "1.1.0")]);
    world.start(release)
}

/// Performs the next effect twice and reports it twice, the second time late.
#[test]
fn every_effect_twice() {
    for strategy in STRATEGIES {
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
    for strategy in STRATEGIES {
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
            match world.phase(id) {
                // Steps that only wait cannot fail.
                Phase::Ended(End::Succeeded { .. }) => {
                    let action = &world.rollout(id).plan.steps[failing - 1].action;
                    assert!(
                        matches!(action.word(), "wait" | "bake"),
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
    for strategy in STRATEGIES {
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
