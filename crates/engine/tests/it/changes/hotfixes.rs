//! What goes as an emergency: alone, bad enough, with a record, and in nobody's way.

use serde_json::json;
use shipway_engine::{Code, Command, Rejection};
use shipway_model::change::{Emergency, Severity};
use shipway_model::event::Body;
use shipway_model::release::Class;
use shipway_model::{ReleaseId, RolloutId};

use super::reviews::{hotfix, operator};
use super::{approve, case, protected, register, seal};
use crate::world::{World, name, uuid_from};

fn ask(world: &mut World, release: ReleaseId, severity: Severity) -> Result<Vec<Body>, Rejection> {
    let id = RolloutId::from_uuid(uuid_from(world.uuid()));
    let until = world.now + jiff::SignedDuration::from_mins(30);
    let emergency = Emergency { reason: "nobody can pay".to_owned(), until, severity };
    world.ask(Command::StartHotfix { id, release, environment: name("production"), plan: None, emergency })
}

#[test]
fn it_is_alone_in_its_bundle() {
    let mut world = protected(json!({}));
    let first = world.seal("1.0.1-draft", &[("web", "1.0.1"), ("checkout", "1.0.1")]);
    let bundle = world.state.releases.get(first).unwrap().bundle.clone();
    let bundle = shipway_model::release::Bundle {
        version: crate::world::version("1.0.1"),
        class: Class::Emergency,
        ..bundle
    };
    let id = ReleaseId::from_uuid(uuid_from(world.uuid()));
    world.ask(Command::CreateRelease { id, bundle }).unwrap();
    world.ask(Command::SealRelease { id }).unwrap();
    let refused = ask(&mut world, id, Severity::Critical).unwrap_err();
    assert_eq!(refused.code, Code::InvalidChange);
    assert!(refused.message.contains("goes alone"), "{}", refused.message);
}

#[test]
fn it_is_as_bad_as_the_policy_asks() {
    let mut world = protected(json!({ "changePolicy": { "fastLane": { "severityFrom": "critical" } } }));
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let refused = ask(&mut world, release, Severity::High).unwrap_err();
    assert_eq!(refused.code, Code::InvalidChange);
    assert!(refused.message.contains("begins at critical"), "{}", refused.message);
    ask(&mut world, release, Severity::Critical).unwrap();
}

#[test]
fn what_is_taken_back_too_often_has_no_fast_lane() {
    let mut world = protected(json!({ "changePolicy": { "fastLane": { "maxRollbacks": 0 }, "rules": [] } }));
    let ben = register(&mut world, "ben", 1);
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let failed = world.start(release);
    approve(&mut world, "ben", failed, &ben);
    world.ask(Command::RollBack { id: failed, reason: "errors".to_owned() }).unwrap();
    world.run_well();
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let refused = ask(&mut world, release, Severity::Critical).unwrap_err();
    assert!(refused.message.contains("1 of the latest 1 rollouts of web"), "{}", refused.message);
}

#[test]
fn it_does_not_run_into_what_is_under_way_and_names_what_waits() {
    let mut world = protected(json!({ "changePolicy": { "rules": [] } }));
    let waiting = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let waiting = world.start(waiting);
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    let id = hotfix(&mut world, release, 30);
    let reasons = &case(&world, id).change.reasons;
    assert!(reasons.iter().any(|it| it.contains(&waiting.to_string())), "{reasons:?}");

    let mut world = protected(json!({ "changePolicy": { "rules": [] } }));
    let ben = register(&mut world, "ben", 1);
    let running = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let running = world.start(running);
    approve(&mut world, "ben", running, &ben);
    let release = seal(&mut world, "1.0.1", Class::Emergency, &["src/till.rs"]);
    operator(&mut world, "ops", 501);
    let refused = ask(&mut world, release, Severity::Critical).unwrap_err();
    assert!(refused.message.starts_with(&format!("rollout {running} is shipping")), "{}", refused.message);
}
