//! States, their transitions and required documents are what the policy says.

use serde_json::json;
use shipway_engine::Command;
use shipway_model::release::{Bundle, Class, Document};
use shipway_model::{Digest, ReleaseId};

use super::{approve, has_begun, protected, register, seal, standing};
use crate::world::{World, name, uuid_from, version};

/// Authorised before anybody looks for the papers, and closed without a review.
fn own_workflow() -> World {
    protected(json!({ "changePolicy": { "rules": [], "normal": {
        "states": [
            { "name": "sign-off", "until": "approvals" },
            { "name": "papers", "until": "documents" },
            { "name": "ready", "until": "begun" },
            { "name": "at-work", "until": "ended" },
        ],
        "documents": ["notes"],
        "approvals": [{ "name": "lead", "from": { "people": ["ben"] } }],
    } } }))
}

#[test]
fn a_change_walks_through_the_states_that_its_policy_names() {
    let mut world = own_workflow();
    let ben = register(&mut world, "ben", 1);
    let without = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let id = world.start(without);
    assert_eq!(standing(&world, id).state, Some(name("sign-off")));
    approve(&mut world, "ben", id, &ben);
    assert_eq!(standing(&world, id).state, Some(name("papers")), "{:?}", standing(&world, id));
    assert!(!has_begun(&world, id), "the words are there, and the notes are not");
    world.ask(Command::AbortRollout { id, reason: "the notes are missing".to_owned() }).unwrap();

    // The same with what is asked for.
    let bundle = world.state.releases.get(without).unwrap().bundle.clone();
    let documents = [(Document::Notes, Digest::of(b"What is new"))].into();
    let with = ReleaseId::from_uuid(uuid_from(world.uuid()));
    let bundle = Bundle { version: version("1.0.1"), documents, ..bundle };
    world.ask(Command::CreateRelease { id: with, bundle }).unwrap();
    world.ask(Command::SealRelease { id: with }).unwrap();
    let id = world.start(with);
    assert_eq!(standing(&world, id).state, Some(name("sign-off")));
    approve(&mut world, "ben", id, &ben);
    assert!(has_begun(&world, id), "{:?}", standing(&world, id));
    assert_eq!(standing(&world, id).state, Some(name("at-work")));
    world.run_well();
    assert_eq!(standing(&world, id).state, None, "closed");
}
