//! Attacks on approvals: each is refused, and says why.

use jiff::SignedDuration;
use serde_json::json;
use shipway_engine::{Code, Command};
use shipway_model::approval::{Decision, Statement};
use shipway_model::release::Class;
use shipway_model::{Digest, RolloutId};

use super::{Signer, approve, declare, give, has_begun, protected, register, seal, standing, statement};
use crate::world::{World, name, uuid_from};

fn waiting_for_ben() -> (World, RolloutId, Signer) {
    let mut world = protected(json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    (world, id, ben)
}

fn refuse(world: &mut World, person: &str, signer: &Signer, statement: Statement) -> (Code, String) {
    let approval = signer.sign(statement);
    let refused = give(world, person, approval).unwrap_err();
    (refused.code, refused.message)
}

#[test]
fn nobody_approves_what_they_asked_for_or_made() {
    let (mut world, id, _) = waiting_for_ben();
    let ana = register(&mut world, "ana", 7);
    let own = statement(&mut world, id, &ana, Decision::Approve);
    let (code, why) = refuse(&mut world, "ana", &ana, own);
    assert_eq!(code, Code::SelfApproval);
    assert!(why.starts_with("ana asked for the rollout"), "{why}");

    // Asking through somebody else does not help: ana has sealed the release.
    let release = seal(&mut world, "1.1.0", Class::Normal, &["src/page.rs"]);
    let other = world.start_as("robot", release).unwrap();
    let own = statement(&mut world, other, &ana, Decision::Approve);
    let (code, why) = refuse(&mut world, "ana", &ana, own);
    assert_eq!(code, Code::SelfApproval);
    assert!(why.starts_with("ana registered the build of web 1.1.0"), "{why}");
}

#[test]
fn one_key_is_one_person() {
    let (mut world, _, ben) = waiting_for_ben();
    let second = world.ask_as("bens-other-account", Command::RegisterKey { key: ben.public() }).unwrap_err();
    assert_eq!(second.code, Code::KeyTaken);
    let mut renamed = Signer::new(3).public();
    renamed.id = ben.id;
    assert_eq!(
        world.ask_as("ben", Command::RegisterKey { key: renamed }).unwrap_err().code,
        Code::InvalidKey
    );
}

#[test]
fn a_second_account_of_the_same_person_is_the_same_person() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "count": 2 },
    ] } } }));
    declare(&mut world, "root", "Person", "ana", json!({ "accounts": ["ana-laptop"] }));
    declare(&mut world, "root", "Person", "ben", json!({ "accounts": ["ben-laptop"] }));
    let team = json!({ "members": ["ana", "ana-laptop", "ben", "ben-laptop"] });
    declare(&mut world, "root", "Team", "shop", team);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let second = register(&mut world, "ana-laptop", 7);
    let word = statement(&mut world, id, &second, Decision::Approve);
    let (code, why) = refuse(&mut world, "ana-laptop", &second, word);
    assert_eq!((code, why.contains("asked for the rollout")), (Code::SelfApproval, true), "{why}");
    // Two words of one person are one word.
    let (one, other) = (register(&mut world, "ben", 1), register(&mut world, "ben-laptop", 2));
    approve(&mut world, "ben", id, &one);
    approve(&mut world, "ben-laptop", id, &other);
    assert_eq!(standing(&world, id).requirements[0].given.len(), 1);
    assert!(!has_begun(&world, id));
}

/// A machine speaks for whoever gave it its token, and for nobody else.
#[test]
fn a_bot_is_whoever_gave_it_its_token() {
    let (mut world, id, _) = waiting_for_ben();
    let issue = Command::IssueToken {
        id: shipway_model::TokenId::from_uuid(uuid_from(700)),
        name: "release-bot".to_owned(),
        role: shipway_model::event::Role::Operator,
        secret_digest: Digest::of(b"release-bot"),
        expires: None,
        scope: Some(shipway_model::access::TokenScope::default()),
        account: None,
        groups: Default::default(),
        provider: false,
    };
    world.ask_as("ana", issue).unwrap();
    declare(&mut world, "root", "Team", "shop", json!({ "members": ["ana", "ben", "release-bot"] }));
    let bot = register(&mut world, "release-bot", 8);
    let word = statement(&mut world, id, &bot, Decision::Approve);
    let (code, why) = refuse(&mut world, "release-bot", &bot, word);
    assert_eq!((code, why.contains("asked for the rollout")), (Code::SelfApproval, true), "{why}");
}

#[test]
fn a_word_is_for_one_plan_and_counts_once() {
    let (mut world, id, ben) = waiting_for_ben();
    let good = statement(&mut world, id, &ben, Decision::Approve);
    for (swap, what) in [
        (Statement { plan: Digest::of(b"another plan"), ..good.clone() }, "the plan"),
        (Statement { release: Digest::of(b"another release"), ..good.clone() }, "the release"),
        (Statement { evidence: Digest::of(b"better evidence"), ..good.clone() }, "the evidence"),
        (Statement { policy: Digest::of(b"a laxer policy"), ..good.clone() }, "the change policy"),
        (Statement { class: Class::Standard, ..good.clone() }, "the type of the change"),
        (Statement { environment: name("staging"), ..good.clone() }, "the environment"),
    ] {
        let (code, why) = refuse(&mut world, "ben", &ben, swap);
        assert_eq!(code, Code::WordVoid);
        assert!(why.contains(&format!("{what} changed since it was signed")), "{why}");
    }
    // Replayed for another change, with the same release.
    let release = world.rollout(id).plan.release.id;
    let other = world.start(release);
    let mut approval = ben.sign(good.clone());
    let replay = Command::GiveApproval { id: shipway_model::ChangeId::of(other), approval: approval.clone() };
    assert_eq!(world.ask_as("ben", replay).unwrap_err().code, Code::WordVoid);
    // The statement changed after it was signed.
    approval.statement.change = shipway_model::ChangeId::of(other);
    assert_eq!(give(&mut world, "ben", approval).unwrap_err().code, Code::InvalidSignature);
    // The same word twice is one word, and nobody else can send it.
    let word = ben.sign(good);
    assert_eq!(give(&mut world, "cem", word.clone()).unwrap_err().code, Code::InvalidSignature);
    give(&mut world, "ben", word.clone()).unwrap();
    assert_eq!(give(&mut world, "ben", word).unwrap(), []);
}

#[test]
fn a_signature_for_another_purpose_or_of_another_key_is_none() {
    let (mut world, id, ben) = waiting_for_ben();
    let good = statement(&mut world, id, &ben, Decision::Approve);
    let elsewhere = ben.sign_in("git", good.clone());
    assert_eq!(give(&mut world, "ben", elsewhere).unwrap_err().code, Code::InvalidSignature);
    let stranger = Signer::new(66);
    assert_eq!(refuse(&mut world, "ben", &stranger, good.clone()).0, Code::InvalidSignature);
    let unknown = Statement { key: stranger.id, ..good };
    let (code, why) = refuse(&mut world, "ben", &stranger, unknown);
    assert_eq!(code, Code::InvalidSignature);
    assert!(why.contains("no key"), "{why}");
}

#[test]
fn a_word_expires_and_a_clock_that_is_set_back_does_not_revive_it() {
    let (mut world, id, ben) = waiting_for_ben();
    declare(
        &mut world,
        "root",
        "Calendar",
        "closed",
        json!({ "rules": [
        { "name": "freeze", "kind": "deny", "dtstart": "2027-01-01", "duration": "60d" },
    ] }),
    );
    let mut short = statement(&mut world, id, &ben, Decision::Approve);
    short.expires = world.now + SignedDuration::from_mins(30);
    let late = short.clone();
    give(&mut world, "ben", ben.sign(short)).unwrap();
    let earlier = world.now;
    assert!(standing(&world, id).against.is_empty());
    assert!(!has_begun(&world, id), "the calendar holds it");
    world.pass(31 * 60);
    assert_eq!(standing(&world, id).against.len(), 1);
    // Something is recorded, and then the clock is set back.
    declare(&mut world, "root", "Team", "other", json!({}));
    world.now = earlier;
    assert_eq!(standing(&world, id).against.len(), 1, "time has been there already");
    let late = Statement { nonce: "another-nonce-of-ben".to_owned(), ..late };
    let (code, why) = refuse(&mut world, "ben", &ben, late);
    assert_eq!(code, Code::WordVoid);
    assert!(why.contains("it expired"), "{why}");
    let ahead = statement(&mut world, id, &ben, Decision::Approve);
    let ahead = Statement { issued: world.now + SignedDuration::from_hours(3), ..ahead };
    assert_eq!(refuse(&mut world, "ben", &ben, ahead).0, Code::WordVoid);
    let eternal = statement(&mut world, id, &ben, Decision::Approve);
    let eternal = Statement { expires: world.now + SignedDuration::from_hours(24 * 365), ..eternal };
    assert_eq!(refuse(&mut world, "ben", &ben, eternal).0, Code::WordVoid);
}

#[test]
fn a_revoked_key_signs_nothing_more_and_never_comes_back() {
    let (mut world, id, ben) = waiting_for_ben();
    let revoke = Command::RevokeKey { key: ben.id, since: None, reason: "lost".to_owned() };
    world.ask_as("ben", revoke).unwrap();
    let word = statement(&mut world, id, &ben, Decision::Approve);
    let (code, why) = refuse(&mut world, "ben", &ben, word);
    assert_eq!(code, Code::InvalidSignature);
    assert!(why.contains("counts no more"), "{why}");
    let again = world.ask_as("ben", Command::RegisterKey { key: ben.public() }).unwrap_err();
    assert_eq!(again.code, Code::KeyTaken);
}

#[test]
fn a_chain_of_delegates_leads_nowhere_and_not_in_a_circle() {
    let (mut world, id, _) = waiting_for_ben();
    let until = world.now + SignedDuration::from_hours(48);
    let grant = |to: &str| Command::GrantDelegation { to: to.to_owned(), until, reason: String::new() };
    // ben → zoe → ana, who asked for the rollout.
    world.ask_as("ben", grant("zoe")).unwrap();
    world.ask_as("zoe", grant("ana")).unwrap();
    let circle = world.ask_as("zoe", grant("ben")).unwrap_err();
    assert_eq!(circle.code, Code::InvalidDelegation);
    assert_eq!(world.ask_as("ben", grant("ben")).unwrap_err().code, Code::InvalidDelegation);
    let ana = register(&mut world, "ana", 7);
    let word = statement(&mut world, id, &ana, Decision::Approve);
    assert_eq!(refuse(&mut world, "ana", &ana, word).0, Code::SelfApproval);
    // A delegate of a delegate has no seat either.
    world.ask_as("zoe", grant("yan")).unwrap();
    let yan = register(&mut world, "yan", 8);
    let word = statement(&mut world, id, &yan, Decision::Approve);
    assert_eq!(refuse(&mut world, "yan", &yan, word).0, Code::NotAsked);
    // And whoever may not speak cannot have another speak for them.
    world.ask_as("ana", grant("xan")).unwrap();
    let xan = register(&mut world, "xan", 9);
    let word = statement(&mut world, id, &xan, Decision::Approve);
    assert_eq!(refuse(&mut world, "xan", &xan, word).0, Code::NotAsked);
}

#[test]
fn two_delegates_of_one_seat_are_one_word() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true }, "count": 2 },
    ] } } }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let until = world.now + SignedDuration::from_hours(48);
    for (idx, to) in ["yan", "zoe"].into_iter().enumerate() {
        world
            .ask_as("ben", Command::GrantDelegation { to: to.to_owned(), until, reason: String::new() })
            .unwrap();
        let signer = register(&mut world, to, 20 + u8::try_from(idx).unwrap());
        approve(&mut world, to, id, &signer);
    }
    assert_eq!(standing(&world, id).requirements[0].given.len(), 1);
    assert!(!has_begun(&world, id));
}

#[test]
fn an_edit_of_the_policy_within_the_release_loosens_nothing() {
    let strict = json!({ "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true } },
        { "name": "security", "from": { "people": ["eve"] } },
    ] } });
    let mut world = protected(json!({ "changePolicy": strict }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    world.pass(60);
    // Somebody makes it easier for themselves, and for the one who asks.
    let lax = json!({ "rules": [], "normal": { "approvals": [{ "name": "anyone", "from": { "people": ["mallory"] } }] } });
    declare(&mut world, "mallory", "ChangePolicy", "regulated", lax);
    let id = world.start(release);
    let names: Vec<_> = standing(&world, id).requirements.iter().map(|it| it.name.clone()).collect();
    assert_eq!(names, ["owners (shop)", "security", "anyone"], "what either asks for is asked for");
    let mallory = register(&mut world, "mallory", 13);
    let word = statement(&mut world, id, &mallory, Decision::Approve);
    let (code, why) = refuse(&mut world, "mallory", &mallory, word);
    assert_eq!(code, Code::SelfApproval);
    assert!(why.contains("changed ChangePolicy regulated, which judges it"), "{why}");
}

#[test]
fn an_edit_of_the_policy_voids_what_was_said_under_it() {
    let two = |name: &str| json!({ "rules": [], "normal": { "approvals": [{ "name": name, "from": { "owners": true }, "count": 2 }] } });
    let mut world = protected(json!({ "changePolicy": two("owners") }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(release);
    let ben = register(&mut world, "ben", 1);
    approve(&mut world, "ben", id, &ben);
    world.pass(60);
    declare(&mut world, "root", "ChangePolicy", "regulated", two("others"));
    assert_eq!(standing(&world, id).void[0].1, "the change policy changed since it was signed");
}

#[test]
fn another_name_for_the_same_hosts_is_no_way_around() {
    let mut world = protected(json!({}));
    let current = world.state.catalogue.environment(&name("production")).unwrap();
    let mut spec = serde_json::to_value(current).unwrap();
    spec["protected"] = json!(false);
    spec["targets"] = json!({ "zone": "a" });
    spec.as_object_mut().unwrap().remove("router");
    declare(&mut world, "mallory", "Environment", "sandbox", spec.clone());
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = RolloutId::from_uuid(uuid_from(4242));
    let start = Command::StartRollout { id, release, environment: name("sandbox"), plan: None };
    world.ask_as("mallory", start).unwrap();
    assert_eq!(super::case(&world, id).change.protected, name("production"));
    assert!(!has_begun(&world, id));
    // Nor is to take the protection away once the release is there.
    world.pass(60);
    spec["targets"] = json!({ "env": "production" });
    declare(&mut world, "mallory", "Environment", "production", spec);
    let second = world.start(release);
    assert!(world.state.changes.of(second).is_some());
}

#[test]
fn a_plan_that_changes_while_it_waits_is_asked_again() {
    let mut world = protected(json!({ "concurrency": { "rollouts": 2, "steps": 32 } }));
    let first = world.seal("1.0.0", &[("checkout", "1.0.0")]);
    let first = world.start(first);
    let second = seal(&mut world, "1.1.0", Class::Normal, &["src/page.rs"]);
    let second = world.start(second);
    let (ben, cem) = (register(&mut world, "ben", 1), register(&mut world, "cem", 2));
    let shown = world.rollout(second).plan_digest;
    // ben looked at the second one and is about to sign, when the first one ships.
    let stale = statement(&mut world, second, &ben, Decision::Approve);
    approve(&mut world, "ben", first, &ben);
    world.run_well();
    let late = ben.sign(stale);
    match give(&mut world, "ben", late) {
        // The plan is made again when its turn comes, and asked about again.
        Ok(_) => {
            let replanned = world.rollout(second).plan_digest != shown;
            assert!(replanned || has_begun(&world, second));
            if replanned {
                assert!(!has_begun(&world, second));
                assert_eq!(standing(&world, second).void[0].1, "the plan changed since it was signed");
                approve(&mut world, "cem", second, &cem);
                assert!(has_begun(&world, second));
            }
        }
        Err(refused) => assert_eq!(refused.code, Code::WordVoid),
    }
}
