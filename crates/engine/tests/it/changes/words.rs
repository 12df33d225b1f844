//! Whose word counts for what, and for how long.

use jiff::SignedDuration;
use serde_json::json;
use shipway_engine::Command;
use shipway_engine::rollout::waiting::waiting;
use shipway_model::ChangeId;
use shipway_model::approval::{Decision, Window};
use shipway_model::event::Body;
use shipway_model::evidence::{Attachment, STATEMENT};
use shipway_model::release::Class;

use super::{approve, case, declare, give, has_begun, protected, register, seal, standing, statement};
use crate::world::name;

#[test]
fn a_rollout_waits_for_an_owners_signature_and_begins_on_it() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    assert!(!has_begun(&world, id));
    assert_eq!(standing(&world, id).state, Some(name("authorise")));
    let waits = waiting(&world.state, world.rollout(id));
    assert_eq!(waits[0].why, "owners (shop) needs 1 more word");
    assert!(waits[0].until.contains(&format!("shipway change show {}", ChangeId::of(id))), "{waits:?}");

    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", id, &ben);
    assert!(has_begun(&world, id), "{:?}", standing(&world, id));
    world.run_well();
    assert_eq!(standing(&world, id).state, None, "closed");
}

#[test]
fn an_environment_that_is_not_protected_opens_no_change() {
    let mut world = protected(json!({ "protected": false }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &[]);
    let id = world.start(release);
    assert!(world.state.changes.of(id).is_none());
    assert!(has_begun(&world, id));
}

#[test]
fn several_rules_in_their_order_and_n_of_m() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true } },
        { "name": "security", "from": { "people": ["eve", "fay", "gil"] }, "count": 2, "after": ["owners"] },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let [ben, eve, fay] =
        [("ben", 1), ("eve", 2), ("fay", 3)].map(|(who, seed)| register(&mut world, who, seed));
    approve(&mut world, "eve", id, &eve);
    world.pass(1);
    approve(&mut world, "ben", id, &ben);
    world.pass(1);
    // What eve said before the owners had spoken does not count.
    let security = |world: &crate::world::World| standing(world, id).requirements[1].given.len();
    assert_eq!(security(&world), 0);
    approve(&mut world, "eve", id, &eve);
    assert_eq!(security(&world), 1);
    // Once more from the same person is still one person.
    approve(&mut world, "eve", id, &eve);
    assert_eq!(security(&world), 1);
    assert!(!has_begun(&world, id));
    approve(&mut world, "fay", id, &fay);
    assert!(has_begun(&world, id), "{:?}", standing(&world, id));
}

#[test]
fn every_owner_of_what_ships_is_asked() {
    let mut world = protected(json!({ "changePolicy": { "rules": [] } }));
    declare(&mut world, "root", "Team", "tills", json!({ "members": ["tom"] }));
    let mut checkout = crate::world::service("checkout", &["catalogue"]);
    checkout["spec"]["owner"] = json!("tills");
    let resources = crate::world::resources(&[checkout]);
    world.ask_as("root", Command::ApplyResources { resources }).unwrap();
    let release = world.seal("1.0.0", &[("web", "1.0.0"), ("checkout", "1.0.0")]);
    let id = world.start(release);
    let names: Vec<_> = standing(&world, id).requirements.iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["owners (shop)", "owners (tills)"]);
    let (ben, tom) = (register(&mut world, "ben", 1), register(&mut world, "tom", 2));
    approve(&mut world, "ben", id, &ben);
    assert!(!has_begun(&world, id));
    approve(&mut world, "tom", id, &tom);
    assert!(has_begun(&world, id));
}

#[test]
fn a_delegate_fills_the_seat_of_whoever_named_them() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let zoe = register(&mut world, "zoe", 9);
    let approval = |world: &mut crate::world::World| zoe.sign(statement(world, id, &zoe, Decision::Approve));
    let early = approval(&mut world);
    assert_eq!(give(&mut world, "zoe", early).unwrap_err().code, shipway_engine::Code::NotAsked);
    let until = world.now + SignedDuration::from_hours(48);
    world
        .ask_as(
            "ben",
            Command::GrantDelegation { to: "zoe".to_owned(), until, reason: "on leave".to_owned() },
        )
        .unwrap();
    let word = approval(&mut world);
    give(&mut world, "zoe", word).unwrap();
    assert!(has_begun(&world, id));
    assert_eq!(standing(&world, id).requirements[0].given, [("zoe".to_owned(), "ben".to_owned())]);
}

#[test]
fn a_no_stands_until_it_is_withdrawn_and_recusal_leaves_the_seat_empty() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let [ben, cem, dan] =
        [("ben", 1), ("cem", 2), ("dan", 3)].map(|(who, seed)| register(&mut world, who, seed));
    let no = ben.sign(statement(&mut world, id, &ben, Decision::Reject));
    give(&mut world, "ben", no).unwrap();
    approve(&mut world, "cem", id, &cem);
    assert!(!has_begun(&world, id));
    assert_eq!(standing(&world, id).against, ["somebody who is asked said no"]);
    let out = cem.sign(statement(&mut world, id, &cem, Decision::Recuse));
    give(&mut world, "cem", out).unwrap();
    let reason = "it was about another release".to_owned();
    world.ask_as("ben", Command::WithdrawApproval { id: ChangeId::of(id), reason }).unwrap();
    assert!(!has_begun(&world, id), "whoever recused themselves has no word");
    let again = standing(&world, id);
    assert!(!again.requirements[0].can.contains("cem"), "{again:?}");
    approve(&mut world, "dan", id, &dan);
    assert!(has_begun(&world, id));
}

#[test]
fn a_word_may_be_good_for_a_window_alone() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    let from = world.now + SignedDuration::from_hours(2);
    let mut tonight = statement(&mut world, id, &ben, Decision::Approve);
    tonight.window = Some(Window { from, until: from + SignedDuration::from_hours(1) });
    give(&mut world, "ben", ben.sign(tonight)).unwrap();
    assert!(!has_begun(&world, id));
    assert_eq!(shipway_engine::wake_at(&world.state), Some(from), "it looks again by itself");
    world.now = from;
    world.pass(0);
    assert!(has_begun(&world, id));
}

#[test]
fn new_evidence_voids_what_was_said_before_it_and_says_so() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "count": 2 },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", id, &ben);
    let artifact = world.state.releases.get(release).unwrap().bundle.parts[&name("web")].artifact;
    let evidence: Attachment = serde_json::from_value(json!({
        "format": STATEMENT,
        "original": format!("sha256:{}", "0".repeat(64)),
        "subject": [artifact],
        "sizeBytes": 1,
        "statement": { "kind": "penetration-test", "issuer": "lab", "scope": "web", "expires": "2030-01-01T00:00:00Z" },
    }))
    .unwrap();
    let evidence_id = shipway_model::EvidenceId::from_uuid(crate::world::uuid_from(900));
    world.ask(Command::AttachEvidence { id: evidence_id, evidence }).unwrap();
    let now = standing(&world, id);
    assert_eq!(now.void[0].1, "the evidence changed since it was signed");
    assert_eq!(now.requirements[0].given, []);
}

/// The rollout under way holds when a key turns out to have been stolen before it signed, and goes on when another word
/// takes the place of the one that fell.
#[test]
fn a_word_that_falls_under_way_holds_what_is_still_to_come() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let (ben, cem) = (register(&mut world, "ben", 1), register(&mut world, "cem", 2));
    let before = world.now;
    world.pass(10);
    approve(&mut world, "ben", id, &ben);
    assert!(has_begun(&world, id));
    let since = Some(before);
    world.ask(Command::RevokeKey { key: ben.id, since, reason: "stolen".to_owned() }).unwrap();
    let effect = world.effects()[0].clone();
    let outcome = world.act(&effect);
    world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    for effect in world.effects() {
        let outcome = world.act(&effect);
        world.ask_as("performer", Command::Report { key: effect.key, outcome }).unwrap();
    }
    let held = world.rollout(id).held.clone().expect("it holds");
    assert!(
        held.reason.starts_with("owners (shop) is no longer satisfied, a word fell: "),
        "{}",
        held.reason
    );
    approve(&mut world, "cem", id, &cem);
    assert_eq!(world.rollout(id).held, None);
    world.run_well();
    assert!(matches!(world.rollout(id).phase, shipway_engine::Phase::Ended(_)));
}

/// What was signed before a key was revoked, and not since it was in doubt, stands.
#[test]
fn a_word_given_before_the_key_was_revoked_stands() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "count": 2 },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let (ben, cem) = (register(&mut world, "ben", 1), register(&mut world, "cem", 2));
    approve(&mut world, "ben", id, &ben);
    world.pass(10);
    let revoke = |since| Command::RevokeKey { key: ben.id, since, reason: "a new laptop".to_owned() };
    world.ask_as("ben", revoke(None)).unwrap();
    approve(&mut world, "cem", id, &cem);
    assert!(has_begun(&world, id));
    assert_eq!(case(&world, id).words.len(), 2);
}

#[test]
fn folding_the_events_gives_the_same_words() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", id, &ben);
    let mut again = shipway_engine::State::default();
    for event in &world.events {
        let json = serde_json::to_string(event).unwrap();
        again.apply(&serde_json::from_str(&json).unwrap());
    }
    assert_eq!(again.changes.of(id), world.state.changes.of(id));
    assert!(world.events.iter().any(|it| matches!(it.body, Body::ApprovalGiven { .. })));
}

/// Reasons of the control plane are hashed as they are: a name in one could never be erased.
#[test]
fn what_is_recorded_of_the_wait_names_nobody() {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    let no = ben.sign(statement(&mut world, id, &ben, Decision::Reject));
    give(&mut world, "ben", no).unwrap();
    let held = |body: &Body| match body {
        Body::RolloutHeld { reason, .. } => Some(reason.clone()),
        _ => None,
    };
    let reasons: Vec<String> = world.events.iter().filter_map(|it| held(&it.body)).collect();
    assert!(reasons.len() > 1, "{reasons:?}");
    for name in ["ana", "ben", "cem", "dan"] {
        assert!(
            reasons.iter().all(|it| !it.split(|c: char| !c.is_alphanumeric()).any(|word| word == name)),
            "{reasons:?}"
        );
    }
}
