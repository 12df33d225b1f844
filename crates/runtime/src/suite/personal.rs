//! Promises about personal texts: kept beside the ledger, and gone for good when they are erased.

use shipway_engine::Command;
use shipway_ledger::verify_inclusion;
use shipway_model::event::{Body, ERASED, Scope, TextRef};

use super::world::World;
use super::{Site, block_on};

pub(super) fn personal_texts_stand_beside_the_ledger_until_they_are_erased(site: &dyn Site) {
    block_on(async {
        let mut world = World::fresh(site.open());
        for (actor, reason) in [("ada", "stocktaking"), ("eve", "asked by ada")] {
            let scope = Scope::Environment(format!("of-{actor}").parse().expect("is a name"));
            let command = Command::PauseScope { scope, reason: reason.to_owned() };
            world.submit_keyed(actor, None, command).await.expect("is accepted");
        }
        let head = world.runtime.head();
        let records = world.runtime.records(0, 100).await.expect("reads");
        for name in ["ada", "eve", "stocktaking"] {
            let named =
                records.iter().find(|it| String::from_utf8_lossy(&it.bytes).contains(&format!("\"{name}")));
            assert_eq!(named, None, "{name}");
        }
        world = world.reopen(|| site.open()).await;
        assert_eq!(pauses(&world), [("ada", "stocktaking"), ("eve", "asked by ada")].map(owned));

        let texts = world.runtime.texts_about("ada").await.expect("reads");
        assert_eq!(texts.len(), 3);
        let erase = Command::EraseTexts { subject: "ada".to_owned(), texts, reason: "request 31".to_owned() };
        let erased = world.submit_keyed("eve", Some("once"), erase.clone()).await.expect("is accepted");
        assert!(matches!(&erased.events[0].body, Body::TextsErased { texts, .. } if texts.len() == 3));
        let expected = [(ERASED, ERASED), ("eve", ERASED)].map(owned);
        assert_eq!(pauses(&world), expected, "memory has forgotten too");
        let mut again = erase;
        if let Command::EraseTexts { texts, .. } = &mut again {
            texts.clear();
        }
        assert!(world.submit_keyed("eve", Some("once"), again).await.expect("is a repeat").repeated);
        assert_eq!(world.runtime.texts_about("ada").await, Ok(Vec::<TextRef>::new()));

        world = world.reopen(|| site.open()).await;
        assert_eq!(pauses(&world), expected);
        for record in &records {
            let path = world.runtime.inclusion_proof(record.position, head.size).await.expect("is proved");
            verify_inclusion(record.leaf, record.position, head.size, &path, head.root).expect("proves");
        }
        assert_eq!(world.runtime.records(0, records.len()).await, Ok(records), "no record was changed");
        world.runtime.shutdown().await;
    });
}

fn pauses(world: &World) -> [(String, String); 2] {
    let state = world.runtime.state();
    let found: Vec<_> = state.pauses.iter().map(|it| (it.by.clone(), it.reason.clone())).collect();
    found.try_into().expect("two scopes are paused")
}

fn owned((by, reason): (&str, &str)) -> (String, String) {
    (by.to_owned(), reason.to_owned())
}
