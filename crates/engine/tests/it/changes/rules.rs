//! Rules over words: gates first, time to answer, and what a measured record asks for.

use jiff::SignedDuration;
use serde_json::json;
use shipway_engine::change::threshold::{self, Way};
use shipway_engine::{Code, Command};
use shipway_model::approval::Decision as Said;
use shipway_model::event::{Body, CONTROL_PLANE};
use shipway_model::gate::{Decision, Requirement, Status};
use shipway_model::release::Class;
use shipway_model::{ChangeId, Digest, RolloutId};

use super::{approve, declare, give, has_begun, protected, register, seal, standing, statement};
use crate::world::{World, name};

fn after_gates() -> World {
    protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "afterGates": ["unit-tests"] },
    ] } } }))
}

fn decision(world: &World, rollout: RolloutId, status: Status) -> Decision {
    let requirement = Requirement {
        policy: name("production"),
        gate: name("unit-tests"),
        kind: "tests".to_owned(),
        service: None,
        status,
        reasons: vec!["as the test says".to_owned()],
        evidence: Vec::new(),
        waivers: Vec::new(),
        who: None,
        next: None,
        until: None,
    };
    Decision {
        release: world.rollout(rollout).plan.release.clone(),
        environment: name("production"),
        policies: [].into(),
        facts: Digest::of(b"facts"),
        at: world.now,
        passes: status.passes(),
        requirements: vec![requirement],
    }
}

fn note(world: &mut World, rollout: RolloutId, status: Status) -> Vec<Body> {
    let decision = decision(world, rollout, status);
    world.ask_as(CONTROL_PLANE, Command::NoteGates { id: ChangeId::of(rollout), decision }).unwrap()
}

#[test]
fn a_word_counts_only_once_its_gates_pass() {
    let mut world = after_gates();
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    let early = statement(&mut world, id, &ben, Said::Approve);
    let refused = give(&mut world, "ben", ben.sign(early)).unwrap_err();
    assert_eq!((refused.code, &*refused.faults[0]), (Code::GatesFirst, "owners: unit-tests was not asked"));
    assert_eq!(standing(&world, id).against[0], "owners (shop) waits for gates: unit-tests was not asked");

    note(&mut world, id, Status::Failed);
    let early = statement(&mut world, id, &ben, Said::Approve);
    let refused = give(&mut world, "ben", ben.sign(early)).unwrap_err();
    assert_eq!(refused.faults, ["owners: unit-tests is failed"]);
    // No word is needed to say no.
    let no = statement(&mut world, id, &ben, Said::Reject);
    give(&mut world, "ben", ben.sign(no)).unwrap();

    assert_eq!(note(&mut world, id, Status::Satisfied).len(), 1);
    assert_eq!(note(&mut world, id, Status::Satisfied), [], "it was said already");
    approve(&mut world, "ben", id, &ben);
    assert!(has_begun(&world, id), "{:?}", standing(&world, id));
}

#[test]
fn gates_that_no_longer_pass_take_the_word_with_them_before_it_begins() {
    let mut world = after_gates();
    let freeze = json!({ "rules": [{ "name": "freeze", "kind": "deny", "dtstart": "2027-01-01", "duration": "60d" }] });
    declare(&mut world, "root", "Calendar", "closed", freeze);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    note(&mut world, id, Status::Satisfied);
    approve(&mut world, "ben", id, &ben);
    assert!(standing(&world, id).against.is_empty());
    note(&mut world, id, Status::Failed);
    assert_eq!(standing(&world, id).requirements[0].given, []);
}

#[test]
fn nobody_but_the_control_plane_tells_what_gates_said() {
    let mut world = after_gates();
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let decision = decision(&world, id, Status::Satisfied);
    let forged = Command::NoteGates { id: ChangeId::of(id), decision };
    assert_eq!(world.ask_as("ana", forged).unwrap_err().code, Code::InvalidReport);
}

#[test]
fn who_does_not_answer_is_reminded_and_then_others_may() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true },
          "sla": { "remindAfter": "1h", "escalateAfter": "4h", "escalateTo": { "people": ["zoe"] } } },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let zoe = register(&mut world, "zoe", 9);
    let early = statement(&mut world, id, &zoe, Said::Approve);
    assert_eq!(give(&mut world, "zoe", zoe.sign(early)).unwrap_err().code, Code::NotAsked);
    let n = |world: &World, kind: fn(&Body) -> bool| world.events.iter().filter(|it| kind(&it.body)).count();
    let reminded = |it: &Body| matches!(it, Body::ChangeReminded { .. });
    let escalated = |it: &Body| matches!(it, Body::ChangeEscalated { .. });
    world.pass(3601);
    assert_eq!((n(&world, reminded), n(&world, escalated)), (1, 0));
    world.pass(2 * 3600);
    assert_eq!((n(&world, reminded), n(&world, escalated)), (1, 0), "once is enough");
    world.pass(3600);
    assert_eq!((n(&world, reminded), n(&world, escalated)), (1, 1));
    approve(&mut world, "zoe", id, &zoe);
    assert!(has_begun(&world, id));
}

/// It is Friday, a minute past eight: the working day begins at nine.
#[test]
fn time_to_answer_passes_in_working_hours() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true },
          "sla": { "remindAfter": "1h", "escalateAfter": "4h", "escalateTo": { "people": ["zoe"] } } },
    ] } } }));
    let hours = json!([{ "days": ["fri"], "from": "09:00", "to": "17:00" }]);
    declare(&mut world, "root", "Team", "shop", json!({ "members": ["ana", "ben"], "hours": hours }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    world.pass(3600);
    assert!(world.state.changes.of(id).unwrap().reminded.is_empty());
    world.pass(3600);
    assert_eq!(world.state.changes.of(id).unwrap().reminded.len(), 1);
}

#[test]
fn who_answers_in_time_is_not_reminded() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "count": 1,
          "sla": { "remindAfter": "1h", "escalateAfter": "4h", "escalateTo": { "people": ["zoe"] } } },
        { "name": "security", "from": { "people": ["sam"] }, "after": ["owners"],
          "sla": { "escalateAfter": "2h", "escalateTo": { "people": ["zoe"] } } },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    world.pass(1800);
    approve(&mut world, "ben", id, &ben);
    let opened = world.now;
    // It is the second rule's turn from then on.
    world.pass(3600 + 1800);
    assert!(world.state.changes.of(id).unwrap().escalated.is_empty());
    world.pass(3600);
    let case = world.state.changes.of(id).unwrap();
    assert_eq!(case.escalated.keys().collect::<Vec<_>>(), ["security"]);
    assert!(case.escalated["security"] >= opened + SignedDuration::from_hours(2));
    assert!(case.reminded.is_empty());
}

#[test]
fn a_record_asks_for_a_rule_and_lets_it_go_by_proposal_alone() {
    let threshold = json!([{ "name": "careful", "of": "service", "window": 2, "tightenFrom": "1/2", "loosenAt": 0,
        "from": { "people": ["zoe"] } }]);
    let policy = |approvals: serde_json::Value| json!({ "rules": [], "thresholds": threshold, "normal": { "approvals": approvals } });
    let mut world = protected(json!({ "changePolicy": policy(json!([])) }));
    let propose = |world: &World| threshold::propose(&world.state, &name("regulated")).unwrap();
    let ship = |world: &mut World, number: &str, back: bool| {
        let release = seal(world, number, Class::Normal, &["src/page.rs"]);
        let id = world.start(release);
        if back {
            world.ask(Command::RollBack { id, reason: "errors".to_owned() }).unwrap();
        }
        world.run_well();
        if back {
            let review = json!({ "summary": "It failed." });
            let review = serde_json::from_value(review).unwrap();
            world.ask_as("ben", Command::HoldReview { id: ChangeId::of(id), review }).unwrap();
        }
        id
    };
    let failed = ship(&mut world, "1.0.0", true);
    assert_eq!(propose(&world).proposals, [], "one change is too few to say anything");
    ship(&mut world, "1.1.0", false);
    let proposed = propose(&world);
    assert_eq!(proposed.proposals.len(), 1);
    let tighten = &proposed.proposals[0];
    assert_eq!((tighten.way, tighten.rule.name.as_str()), (Way::Tighten, "careful-web"));
    assert_eq!(tighten.failures, [ChangeId::of(failed)]);
    let approvals = &proposed.policy.normal.approvals;
    assert_eq!(approvals.iter().map(|it| it.name.as_str()).collect::<Vec<_>>(), ["careful-web"]);
    // Nothing holds before somebody declares it.
    ship(&mut world, "1.2.0", false);
    assert_eq!(propose(&world).proposals, [], "the failure has left the window");

    let rule = json!([{ "name": "careful-web", "from": { "people": ["zoe"] } }]);
    declare(&mut world, "root", "ChangePolicy", "regulated", policy(rule));
    let loosened = propose(&world);
    assert_eq!(loosened.proposals[0].way, Way::Loosen);
    assert!(loosened.policy.normal.approvals.is_empty());
}
