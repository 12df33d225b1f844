//! After the end: what is watched, what harm does when it is found, and what ends a watch.

use serde_json::json;
use shipway_engine::{Command, Phase, Progress, State, effects, live_rollouts};
use shipway_model::analysis::Decision;
use shipway_model::effect::{Effect, Order, Outcome};
use shipway_model::event::{Body, Cause, Condition, End, Scope};
use shipway_model::plan::{Instance, Silence, Silenced};
use shipway_model::{Millis, RolloutId};

use crate::world::{World, name, resource, resources, verdict, version};

const OLD: [&str; 3] = ["checkout 1.0.0 @ host-a", "checkout 1.0.0 @ host-b", "checkout 1.0.0 @ host-c"];
const NEW: [&str; 3] = ["checkout 1.1.0 @ host-a", "checkout 1.1.0 @ host-b", "checkout 1.1.0 @ host-c"];
const HOUR_S: u64 = 3600;

/// 1.0.0 of checkout and catalogue stand, and what comes next is watched.
fn watching(watch: serde_json::Value, environment: serde_json::Value) -> World {
    let mut environment = environment;
    environment["strategy"] = json!("rolling");
    let mut world = World::with_shop(environment);
    let strategy = resource("Strategy", "rolling", json!({ "rolling": { "watch": watch } }));
    world.ask(Command::ApplyResources { resources: resources(&[strategy]) }).unwrap();
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    world
}

/// Ships 1.1.0 until all that is left is its watch.
fn ship_to_the_watch(world: &mut World) -> (RolloutId, Effect) {
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    perform_all_but_watches(world);
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    let watch = world.effects().into_iter().find(|it| it.key.rollout == id).expect("it is watched");
    assert!(matches!(watch.order, Order::Watch { .. }), "{watch:?}");
    (id, watch)
}

fn perform_all_but_watches(world: &mut World) {
    let is_watch = |it: &Effect| matches!(it.order, Order::Watch { .. });
    for _ in 0..1000 {
        let Some(effect) = world.effects().into_iter().find(|it| !is_watch(it)) else { return };
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    panic!("it never comes to rest");
}

fn harm_after(seconds: u64) -> Outcome {
    let verdict = shipway_model::analysis::Verdict {
        decided_at: Millis::from_secs(seconds),
        ..verdict(Decision::Harmful)
    };
    let (reason, verdict) = ("more requests fail".to_owned(), Some(Box::new(verdict)));
    Outcome::Failed { reason, retryable: false, verdict }
}

fn report(world: &mut World, watch: &Effect, outcome: Outcome) {
    world.ask(Command::Report { key: watch.key, outcome }).unwrap();
    perform_all_but_watches(world);
}

fn is_paused(world: &World) -> bool {
    world.state.pauses.holding_service(&name("checkout")).is_some()
}

#[test]
fn harm_within_the_window_takes_back_what_has_ended_and_later_harm_is_told() {
    let mut world = watching(json!({}), json!({}));
    let (id, watch) = ship_to_the_watch(&mut world);
    report(&mut world, &watch, harm_after(HOUR_S));
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    assert!(matches!(world.rollout(id).cause, Some(Cause::StepFailed { .. })));
    assert_eq!(world.standing(), OLD);

    let mut world = watching(json!({}), json!({}));
    let (id, watch) = ship_to_the_watch(&mut world);
    report(&mut world, &watch, harm_after(HOUR_S + 1));
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    assert!(matches!(world.rollout(id).step(watch.key.step).unwrap().forward, Progress::Tolerated { .. }));
    assert_eq!((world.standing(), is_paused(&world)), (NEW.map(str::to_owned).to_vec(), false));
    assert_eq!(world.effects(), []);
}

#[test]
fn harm_holds_the_service_where_the_watch_says_so() {
    let mut world = watching(json!({ "onHarm": "hold" }), json!({}));
    let (_, watch) = ship_to_the_watch(&mut world);
    report(&mut world, &watch, harm_after(60));
    assert!(is_paused(&world));
    assert_eq!(world.standing(), NEW);
    let scope = Scope::Service(name("checkout"));
    assert!(
        world.events.iter().any(|it| matches!(&it.body, Body::ScopePaused { scope: it, .. } if *it == scope))
    );
}

#[test]
fn a_watch_that_breaks_down_is_tried_again_and_then_told() {
    let mut world = watching(json!({}), json!({}));
    let (id, mut watch) = ship_to_the_watch(&mut world);
    for _ in 0..10 {
        let outcome = Outcome::Failed { reason: "no answer".to_owned(), retryable: true, verdict: None };
        report(&mut world, &watch, outcome);
        world.pass(120);
        let Some(again) = world.effects().first().cloned() else { break };
        watch = again;
    }
    assert_eq!(watch.key.attempt, 4);
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
    assert!(!is_paused(&world));
}

#[test]
fn a_newer_rollout_of_the_service_ends_the_watch_and_one_of_another_does_not() {
    let mut world = watching(json!({}), json!({}));
    let (id, watch) = ship_to_the_watch(&mut world);
    world.ship_watched("2.0.0", &[("catalogue", "1.0.0")]);
    // It is no longer the latest of the environment, and can be taken back all the same.
    assert!(world.effects().contains(&watch));
    report(&mut world, &watch, harm_after(60));
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    let standing = world.standing();
    assert!(OLD.iter().all(|it| standing.contains(&(*it).to_owned())), "{standing:?}");
    assert!(standing.contains(&"catalogue 1.0.0 @ host-a".to_owned()), "{standing:?}");

    let mut world = watching(json!({}), json!({}));
    let (id, watch) = ship_to_the_watch(&mut world);
    let release = world.seal("1.2.0", &[("checkout", "1.2.0")]);
    world.start(release);
    assert!(matches!(world.rollout(id).step(watch.key.step).unwrap().forward, Progress::Skipped { .. }));
    let late = world.ask(Command::Report { key: watch.key, outcome: harm_after(60) });
    assert_eq!(late.unwrap(), [], "what comes too late changes nothing");
    perform_all_but_watches(&mut world);
    assert!(!world.state.rollouts.live.contains_key(&id), "nobody can take it back any more");
}

#[test]
fn what_was_shipped_again_in_part_is_held_and_not_taken_back() {
    let mut world = watching(json!({}), json!({}));
    world.ship_watched("1.0.1", &[("catalogue", "1.0.0")]);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0"), ("catalogue", "1.1.0")]);
    let id = world.start(release);
    perform_all_but_watches(&mut world);
    let of_checkout = |it: &Effect| matches!(&it.order, Order::Watch { metrics, .. } if metrics.service == name("checkout"));
    let watch = world.effects().into_iter().find(of_checkout).unwrap();
    world.ship_watched("1.2.0", &[("catalogue", "1.2.0")]);
    report(&mut world, &watch, harm_after(60));
    assert!(is_paused(&world));
    assert!(world.standing().contains(&"checkout 1.1.0 @ host-a".to_owned()), "{:?}", world.standing());
    let end = world.state.rollouts.summaries[&id].end.clone();
    assert_eq!(end, Some(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn an_instance_that_fails_within_the_window_takes_it_back() {
    for (passed_s, is_taken_back) in [(1800, true), (3700, false)] {
        let mut world = watching(json!({}), json!({}));
        let (id, _) = ship_to_the_watch(&mut world);
        world.pass(passed_s);
        let instance = Instance {
            environment: name("production"),
            service: name("checkout"),
            version: version("1.1.0"),
            target: name("host-b"),
        };
        let (condition, detail) = (Condition::Crashed, "exit code 1".to_owned());
        world.ask(Command::ReportInstance { instance, condition, detail }).unwrap();
        perform_all_but_watches(&mut world);
        let expected = if is_taken_back { End::RolledBack {} } else { End::Succeeded { failed_targets: 0 } };
        assert_eq!(*world.phase(id), Phase::Ended(expected), "after {passed_s} s");
    }
}

#[test]
fn a_lost_target_does_what_the_environment_says() {
    let lose = |world: &mut World| {
        world.ask(Command::ReportAgentLost { host: name("host-a") }).unwrap();
        assert_eq!(world.ask(Command::ReportAgentLost { host: name("host-a") }).unwrap(), []);
        perform_all_but_watches(world);
    };
    for (action, expected) in
        [("rollback", End::RolledBack {}), ("hold", End::Succeeded { failed_targets: 0 })]
    {
        let mut world = watching(json!({}), json!({ "onTargetLost": action }));
        let (id, _) = ship_to_the_watch(&mut world);
        lose(&mut world);
        assert_eq!(*world.phase(id), Phase::Ended(expected), "{action}");
    }
    let mut world = watching(json!({}), json!({ "onTargetLost": "hold" }));
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    let first = world.effects()[0].clone();
    let outcome = world.act(&first);
    world.ask(Command::Report { key: first.key, outcome }).unwrap();
    lose(&mut world);
    assert!(matches!(world.phase(id), Phase::Halted { .. }), "{:?}", world.phase(id));
    world.ask(Command::ReportAgentFound { host: name("host-a") }).unwrap();
    world.ask(Command::Retry { id }).unwrap();
    perform_all_but_watches(&mut world);
    assert_eq!(*world.phase(id), Phase::Ended(End::Succeeded { failed_targets: 0 }));
}

#[test]
fn a_watch_is_the_same_after_every_event() {
    let mut world = watching(json!({}), json!({}));
    let (_, watch) = ship_to_the_watch(&mut world);
    world.ship_watched("2.0.0", &[("catalogue", "1.0.0")]);
    report(&mut world, &watch, harm_after(60));
    let mut whole = State::default();
    for (n_events, event) in world.events.iter().enumerate() {
        whole.apply(event);
        let mut again = State::default();
        world.events[..=n_events].iter().for_each(|it| again.apply(it));
        let wanted =
            |state: &State| live_rollouts(state).flat_map(|id| effects(state, id)).collect::<Vec<_>>();
        assert_eq!(wanted(&whole), wanted(&again), "after {n_events}");
    }
}

#[test]
fn expected_alerts_are_silenced_by_the_steps_that_raise_them_and_listed_once() {
    let environment = json!({ "alertmanager": { "url": "http://127.0.0.1:9093" } });
    let mut world = World::with_shop(environment);
    let mut service = crate::world::service("checkout", &["catalogue"]);
    service["spec"]["expectedAlerts"] = json!([
        { "alert": "InstanceDown", "labels": { "instance": "${service}@${target}" }, "during": ["retire"] }
    ]);
    world.ask(Command::ApplyResources { resources: resources(&[service]) }).unwrap();
    world.ship("1.0.0", &[("checkout", "1.0.0")]);
    let id = world.ship("1.1.0", &[("checkout", "1.1.0")]);
    let plan = world.rollout(id).plan.clone();
    let noisy: Vec<_> = plan.steps.iter().filter(|it| !it.silences.is_empty()).collect();
    assert!(noisy.iter().all(|it| it.action.word() == "retire") && noisy.len() == 3, "{noisy:?}");
    let labels = [("instance".to_owned(), "checkout@host-a".to_owned())].into();
    let silence = Silence { alert: "InstanceDown".to_owned(), labels };
    assert!(noisy.iter().any(|it| it.silences == [silence.clone()]));
    let silenced = Silenced { id: "a".to_owned(), silence, alerts: Vec::new() };
    let note = Command::NoteSilence { rollout: id, step: noisy[0].id, silenced: silenced.clone() };
    assert_eq!(world.ask(note.clone()).unwrap().len(), 1);
    assert_eq!(world.ask(note).unwrap(), []);
    assert_eq!(world.rollout(id).step(noisy[0].id).unwrap().silenced, [silenced]);
}

impl World {
    fn ship_watched(&mut self, release: &str, parts: &[(&str, &str)]) {
        let release = self.seal(release, parts);
        let id = self.start(release);
        perform_all_but_watches(self);
        assert!(self.rollout(id).has_ended(), "{:?}", self.phase(id));
    }
}
