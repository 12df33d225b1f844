//! A calendar binds where a rollout begins, and at every later step that touches the world.

use serde_json::{Value, json};
use shipway_engine::rollout::waiting::waiting;
use shipway_engine::{Code, Command, Phase, State, effects};
use shipway_model::effect::Order;
use shipway_model::event::{Body, Cause, End};
use shipway_model::exception::Exception;
use shipway_model::{ExceptionId, RolloutId};

use super::at;
use crate::world::{World, name, resource, resources, uuid_from};

const SUCCEEDED: Phase = Phase::Ended(End::Succeeded { failed_targets: 0 });
const FREEZE_BEGINS: &str = "2027-01-15T08:05:00Z";
const FREEZE_ENDS: &str = "2027-01-15T10:00:00Z";

/// The shop with web 1.0.0 on its three hosts, at 08:00, and a freeze from 08:05 until 10:00.
fn with_freeze(rule: Value) -> World {
    let mut world = World::with_shop(json!({ "strategy": "rolling" }));
    world.ship("1.0.0", &[("web", "1.0.0")]);
    world.now = at("2027-01-15T08:00:00Z");
    let mut freeze = json!({
        "name": "freeze", "kind": "deny", "purpose": "freeze", "dtstart": "2027-01-15T08:05", "duration": "1h 55m"
    });
    freeze.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
    let calendar = resource("Calendar", "year-end", json!({ "rules": [freeze] }));
    world.ask(Command::ApplyResources { resources: resources(&[calendar]) }).unwrap();
    world
}

/// Web 2.0.0 has begun on its first host when the freeze comes.
fn caught(rule: Value) -> (World, RolloutId) {
    let mut world = with_freeze(rule);
    let release = world.seal("2.0.0", &[("web", "2.0.0")]);
    let id = world.start(release);
    let effect = world.effects()[0].clone();
    assert!(matches!(effect.order, Order::Place { .. }));
    world.now = at(FREEZE_BEGINS);
    world.pass(0);
    (world, id)
}

/// Performs what is under way, without letting time pass.
fn settle(world: &mut World) -> usize {
    let mut n_effects = 0;
    while let Some(effect) = world.effects().first().cloned() {
        let outcome = world.act(&effect);
        world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
        n_effects += 1;
    }
    n_effects
}

fn resume_at(world: &mut World, when: &str) {
    let when = at(when);
    assert_eq!(shipway_engine::wake_at(&world.state), Some(when), "it sleeps until the edge");
    world.now = when;
    world.pass(0);
}

#[test]
fn a_freeze_finishes_the_step_under_way_and_the_rollout_goes_on_by_itself() {
    let (mut world, id) = caught(json!({ "reason": "Nobody is here." }));
    assert_eq!(settle(&mut world), 1, "the step under way is finished, and none is begun");
    let held = world.rollout(id).held.clone().expect("it is held");
    assert_eq!(held.next, Some(at(FREEZE_ENDS)));
    let why = waiting(&world.state, world.rollout(id));
    assert_eq!(
        why[0].why,
        "the freeze freeze of calendar year-end holds until 2027-01-15T10:00:00Z (Nobody is here)"
    );
    resume_at(&mut world, FREEZE_ENDS);
    assert_eq!(world.rollout(id).held, None);
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
    assert_eq!(world.rollout(id).held_ms.started, 115 * 60_000);
}

#[test]
fn the_hold_is_part_of_what_happened() {
    let (mut world, id) = caught(json!({}));
    settle(&mut world);
    let mut again = State::default();
    world.events.iter().for_each(|event| again.apply(event));
    assert_eq!(again.rollouts.live[&id], *world.rollout(id));
    assert_eq!(effects(&again, id), []);
    let held = world.events.iter().filter(|it| matches!(it.body, Body::RolloutHeld { .. })).count();
    assert_eq!(held, 1, "it is said once");
}

#[test]
fn a_wave_or_a_whole_rollout_is_finished_where_the_rule_says_so() {
    let (mut world, id) = caught(json!({ "caught": "finish-wave" }));
    assert!(settle(&mut world) > 1);
    let standing = world.standing();
    assert!(standing.contains(&"web 2.0.0 @ host-a".to_owned()), "{standing:?}");
    assert!(standing.contains(&"web 1.0.0 @ host-c".to_owned()), "the last wave has not begun: {standing:?}");
    assert!(world.rollout(id).held.is_some());

    let (mut world, id) = caught(json!({ "caught": "finish-rollout" }));
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
    assert!(world.now < at(FREEZE_ENDS));
}

#[test]
fn what_is_caught_is_taken_back_where_the_rule_says_so() {
    let (mut world, id) = caught(json!({ "caught": "roll-back" }));
    assert!(matches!(world.rollout(id).cause, Some(Cause::CalendarClosed { .. })));
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    assert!(world.now < at(FREEZE_ENDS), "the way back has a lane of its own");
    assert_eq!(world.standing(), ["web 1.0.0 @ host-a", "web 1.0.0 @ host-b", "web 1.0.0 @ host-c"]);
}

#[test]
fn a_rollback_goes_in_a_freeze_unless_the_rule_binds_it() {
    let (mut world, id) = caught(json!({}));
    settle(&mut world);
    world.ask(Command::RollBack { id, reason: String::new() }).unwrap();
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
    assert!(world.now < at(FREEZE_ENDS));

    let (mut world, id) = caught(json!({ "binds": ["releases", "rollbacks"] }));
    settle(&mut world);
    world.ask(Command::RollBack { id, reason: String::new() }).unwrap();
    assert_eq!(settle(&mut world), 0);
    assert!(world.rollout(id).held.is_some());
    resume_at(&mut world, FREEZE_ENDS);
    world.run_well();
    assert_eq!(*world.phase(id), Phase::Ended(End::RolledBack {}));
}

#[test]
fn what_is_asked_for_in_a_freeze_queues_and_starts_by_itself() {
    let mut world = with_freeze(json!({}));
    let release = world.seal("2.0.0", &[("web", "2.0.0")]);
    world.now = at(FREEZE_BEGINS);
    let id = world.start(release);
    assert_eq!(*world.phase(id), Phase::Queued);
    let why = waiting(&world.state, world.rollout(id));
    assert!(why[0].why.starts_with("the freeze freeze of calendar year-end holds until"), "{why:?}");
    assert!(why[0].until.contains(FREEZE_ENDS), "{why:?}");
    resume_at(&mut world, FREEZE_ENDS);
    assert_eq!(*world.phase(id), Phase::Running);
}

#[test]
fn one_that_may_go_does_not_wait_behind_one_that_may_not() {
    let mut world = with_freeze(json!({ "scope": { "services": ["web"] } }));
    let web = world.seal("2.0.0", &[("web", "2.0.0")]);
    let checkout = world.seal("2.0.1", &[("checkout", "1.0.0")]);
    world.now = at(FREEZE_BEGINS);
    let (first, second) = (world.start(web), world.start(checkout));
    assert_eq!((world.phase(first), world.phase(second)), (&Phase::Queued, &Phase::Running));
}

#[test]
fn a_rule_may_refuse_and_says_when_next() {
    let mut world = with_freeze(json!({ "closed": "refuse" }));
    let release = world.seal("2.0.0", &[("web", "2.0.0")]);
    world.now = at(FREEZE_BEGINS);
    let rejection = world.start_as("ana", release).unwrap_err();
    assert_eq!(rejection.code, Code::OutsideWindow);
    assert_eq!(rejection.faults, ["the freeze freeze of calendar year-end holds until 2027-01-15T10:00:00Z"]);
    assert!(rejection.hint.unwrap().starts_with("next slot: 2027-01-15T10:00:00Z;"));
}

#[test]
fn trying_a_halted_step_again_is_an_effect_too() {
    let (mut world, id) = caught(json!({}));
    let effect = world.effects()[0].clone();
    world.ask(Command::PauseRollout { id, reason: String::new() }).unwrap();
    let outcome = crate::world::failed("no disk");
    world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    if matches!(world.phase(id), Phase::Halted { .. }) {
        assert_eq!(world.ask(Command::Retry { id }).unwrap_err().code, Code::OutsideWindow);
        world.now = at(FREEZE_ENDS);
        world.ask(Command::Retry { id }).unwrap();
    } else {
        assert!(matches!(world.phase(id), Phase::Unwinding), "{:?}", world.phase(id));
    }
}

#[test]
fn an_exception_needs_two_others_and_ends_by_itself() {
    let (mut world, rollout) = caught(json!({}));
    settle(&mut world);
    let id = ExceptionId::from_uuid(uuid_from(77));
    let exception = Exception {
        scope: serde_json::from_value(json!({ "services": ["web"] })).unwrap(),
        calendar: Some(name("year-end")),
        release: None,
        reason: "the till prints wrong receipts".to_owned(),
        from: at(FREEZE_BEGINS),
        until: at("2027-01-15T08:12:00Z"),
    };
    let reject = |world: &mut World, exception: Exception| {
        world.ask(Command::RequestException { id, exception }).unwrap_err().code
    };
    for wrong in [
        Exception { reason: " ".to_owned(), ..exception.clone() },
        Exception { until: exception.from, ..exception.clone() },
        Exception { until: at("2027-06-01T00:00:00Z"), ..exception.clone() },
        Exception { calendar: Some(name("nowhere")), ..exception.clone() },
    ] {
        assert_eq!(reject(&mut world, wrong), Code::InvalidException);
    }
    world.ask(Command::RequestException { id, exception }).unwrap();
    let own = world.ask(Command::ApproveException { id }).unwrap_err();
    assert_eq!(own.code, Code::SelfApproval);
    world.ask_as("bo", Command::ApproveException { id }).unwrap();
    assert_eq!(world.ask_as("bo", Command::ApproveException { id }).unwrap(), [], "one word counts once");
    assert!(world.rollout(rollout).held.is_some(), "one other is not enough");
    world.ask_as("cy", Command::ApproveException { id }).unwrap();
    assert_eq!(world.rollout(rollout).held, None);
    let effect = world.effects()[0].clone();

    // It ends while a step is under way: that is finished, and nothing more begins.
    resume_at_any(&mut world, "2027-01-15T08:12:00Z");
    let outcome = world.act(&effect);
    world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    world.pass(60);
    assert!(world.effects().is_empty(), "{:?}", world.effects());
    assert!(world.rollout(rollout).held.is_some(), "{:?}", world.rollout(rollout).steps);
    let late = world.ask_as("di", Command::ApproveException { id }).unwrap_err();
    assert_eq!(late.code, Code::WrongPhase);
}

fn resume_at_any(world: &mut World, when: &str) {
    world.now = at(when);
    world.pass(0);
}

#[test]
fn an_exception_that_is_withdrawn_lifts_nothing() {
    let (mut world, rollout) = caught(json!({}));
    settle(&mut world);
    let id = ExceptionId::from_uuid(uuid_from(78));
    let exception = Exception {
        scope: Default::default(),
        calendar: None,
        release: Some(name("shop")),
        reason: "it must".to_owned(),
        from: at(FREEZE_BEGINS),
        until: at(FREEZE_ENDS),
    };
    world.ask(Command::RequestException { id, exception }).unwrap();
    world.ask_as("bo", Command::ApproveException { id }).unwrap();
    world.ask(Command::WithdrawException { id, reason: "it can wait".to_owned() }).unwrap();
    assert_eq!(world.ask_as("cy", Command::ApproveException { id }).unwrap_err().code, Code::WrongPhase);
    assert!(world.rollout(rollout).held.is_some());
}

#[test]
fn a_calendar_that_is_changed_binds_as_changed() {
    let (mut world, id) = caught(json!({}));
    settle(&mut world);
    let empty =
        json!({ "rules": [{ "name": "past", "kind": "deny", "dtstart": "2020-01-01", "duration": "1d" }] });
    let calendar = resource("Calendar", "year-end", empty);
    world.ask(Command::ApplyResources { resources: resources(&[calendar]) }).unwrap();
    assert_eq!(world.rollout(id).held, None);
    world.run_well();
    assert_eq!(*world.phase(id), SUCCEEDED);
}
