//! Emergencies and reviews: what goes quickly or badly is looked at afterwards, and the next change waits for that.

use std::collections::BTreeSet;

use jiff::SignedDuration;
use serde_json::json;
use shipway_engine::{Code, Command, Phase};
use shipway_model::change::{Emergency, Severity};
use shipway_model::event::{Body, End, Role};
use shipway_model::release::Class;
use shipway_model::review::{Action, Review};
use shipway_model::{ChangeId, Digest, ReleaseId, RolloutId, TokenId};

use super::{approve, has_begun, protected, register, seal, standing};
use crate::world::{World, name, uuid_from};

pub(super) fn operator(world: &mut World, who: &str, number: u128) {
    let issue = Command::IssueToken {
        id: TokenId::from_uuid(uuid_from(number)),
        name: who.to_owned(),
        role: Role::Operator,
        secret_digest: Digest::of(who.as_bytes()),
        expires: None,
        scope: None,
        account: None,
        groups: BTreeSet::new(),
        provider: false,
    };
    world.ask_as("root", issue).unwrap();
}

pub(super) fn hotfix(world: &mut World, release: ReleaseId, minutes: i64) -> RolloutId {
    let id = RolloutId::from_uuid(uuid_from(world.uuid()));
    let until = world.now + SignedDuration::from_mins(minutes);
    let reason = "the till prints wrong receipts".to_owned();
    let emergency = Emergency { reason, until, severity: Severity::High };
    let environment = name("production");
    world.ask(Command::StartHotfix { id, release, environment, plan: None, emergency }).unwrap();
    id
}

fn review(world: &World) -> Review {
    Review {
        summary: "Receipts were wrong for 20 minutes.".to_owned(),
        causes: "The rounding rule had no test.".to_owned(),
        actions: vec![Action {
            name: name("test-rounding"),
            owner: name("shop"),
            due: world.now + SignedDuration::from_hours(24 * 7),
        }],
        runbooks: BTreeSet::new(),
    }
}

#[test]
fn an_emergency_needs_a_reason_minutes_and_a_second_person() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    assert_eq!(world.start_as("ana", release).unwrap_err().code, Code::InvalidChange);
    let id = hotfix(&mut world, release, 30);
    operator(&mut world, "ops", 501);
    let ops = register(&mut world, "ops", 5);
    assert!(!has_begun(&world, id));
    approve(&mut world, "ops", id, &ops);
    assert!(has_begun(&world, id), "{:?}", standing(&world, id));
}

#[test]
fn the_minutes_of_an_emergency_run_out() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let id = hotfix(&mut world, release, 30);
    operator(&mut world, "ops", 501);
    let ops = register(&mut world, "ops", 5);
    world.pass(31 * 60);
    approve(&mut world, "ops", id, &ops);
    assert!(!has_begun(&world, id));
    assert!(standing(&world, id).against[0].starts_with("the emergency was to begin before"));
}

#[test]
fn a_release_that_is_no_emergency_cannot_go_as_one() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.1", Class::Normal, &["src/till.rs"]);
    let until = world.now + SignedDuration::from_mins(30);
    let emergency = Emergency { reason: "quickly".to_owned(), until, severity: Severity::High };
    let id = RolloutId::from_uuid(uuid_from(99));
    let start = |emergency| Command::StartHotfix {
        id,
        release,
        environment: name("production"),
        plan: None,
        emergency,
    };
    assert_eq!(world.ask(start(emergency.clone())).unwrap_err().code, Code::InvalidChange);
    let release = seal(&mut world, "1.0.2", Class::Emergency, &["src/till.rs"]);
    let start = |emergency| Command::StartHotfix {
        id,
        release,
        environment: name("production"),
        plan: None,
        emergency,
    };
    for wrong in [
        Emergency { reason: " ".to_owned(), ..emergency.clone() },
        Emergency { until: world.now, ..emergency.clone() },
        Emergency { until: world.now + SignedDuration::from_hours(5), ..emergency.clone() },
    ] {
        assert_eq!(world.ask(start(wrong)).unwrap_err().code, Code::InvalidChange);
    }
}

#[test]
fn until_the_review_is_held_the_next_normal_change_waits() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let mended = hotfix(&mut world, release, 30);
    operator(&mut world, "ops", 501);
    let (ops, ben) = (register(&mut world, "ops", 5), register(&mut world, "ben", 1));
    approve(&mut world, "ops", mended, &ops);
    world.run_well();
    assert!(matches!(world.phase(mended), Phase::Ended(End::Succeeded { .. })));
    assert_eq!(standing(&world, mended).state, Some(name("review")));

    let release = seal(&mut world, "1.1.0", Class::Normal, &["src/page.rs"]);
    let next = world.start(release);
    approve(&mut world, "ben", next, &ben);
    assert!(!has_begun(&world, next));
    assert!(standing(&world, next).against[0].contains("was an emergency and has not been reviewed"));
    let id = ChangeId::of(mended);
    let review = review(&world);
    world.ask_as("ben", Command::HoldReview { id, review }).unwrap();
    assert!(has_begun(&world, next), "{:?}", standing(&world, next));
    assert_eq!(standing(&world, mended).state, None);
}

#[test]
fn an_overdue_action_holds_its_owners_changes_until_it_is_done() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let failed = world.start(release);
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", failed, &ben);
    world.ask(Command::RollBack { id: failed, reason: "errors".to_owned() }).unwrap();
    world.run_well();
    let id = ChangeId::of(failed);
    let held = review(&world);
    world.ask_as("cem", Command::HoldReview { id, review: held.clone() }).unwrap();
    let again = world.ask_as("cem", Command::HoldReview { id, review: held }).unwrap_err();
    assert_eq!(again.code, Code::WrongPhase);
    world.pass(8 * 86_400);
    let release = seal(&mut world, "1.0.1", Class::Normal, &["src/page.rs"]);
    let next = world.start(release);
    approve(&mut world, "ben", next, &ben);
    assert!(standing(&world, next).against[0].starts_with("shop owes the action test-rounding"));
    let action = name("test-rounding");
    world
        .ask_as("dan", Command::FinishAction { id, action: action.clone(), note: "in 1.0.1".to_owned() })
        .unwrap();
    assert!(has_begun(&world, next), "{:?}", standing(&world, next));
    assert_eq!(world.ask(Command::FinishAction { id, action, note: String::new() }).unwrap(), []);
}

#[test]
fn what_went_well_owes_nothing() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", id, &ben);
    world.run_well();
    let review = review(&world);
    let refused = world.ask(Command::HoldReview { id: ChangeId::of(id), review }).unwrap_err();
    assert_eq!(refused.code, Code::WrongPhase);
}

#[test]
fn what_is_overdue_is_told_once_for_the_review_and_for_each_action() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let mended = hotfix(&mut world, release, 30);
    operator(&mut world, "ops", 501);
    let ops = register(&mut world, "ops", 5);
    approve(&mut world, "ops", mended, &ops);
    world.run_well();
    let told = |world: &mut World| world.ask_as("shipway", Command::WarnOfPromises {}).unwrap();
    assert_eq!(told(&mut world), [], "it is owed, and there is time");
    world.now += SignedDuration::from_hours(24 * 5);
    let id = ChangeId::of(mended);
    assert!(matches!(told(&mut world)[..], [Body::ReviewOverdue { action: None, .. }]));
    assert_eq!(told(&mut world), [], "once");
    let review = review(&world);
    let due = review.actions[0].due;
    world.ask_as("ben", Command::HoldReview { id, review }).unwrap();
    assert_eq!(told(&mut world), []);
    world.now = due;
    let action = Some(name("test-rounding"));
    assert_eq!(told(&mut world), [Body::ReviewOverdue { id, action, due }]);
    assert_eq!(told(&mut world), []);
}
