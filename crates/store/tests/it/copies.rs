//! A copy has everything that belongs to a ledger, also what stands beside it.

use shipway_engine::Command;
use shipway_model::event::{Scope, TextRef};
use shipway_runtime::StoreReader;
use shipway_runtime::store::Disclosure;
use shipway_runtime::suite::World;
use shipway_store::copy::{Copy, Source};
use shipway_store::{PostgresStore, SqliteStore};

use crate::cluster::Cluster;

fn pause(name: &str, reason: &str) -> Command {
    Command::PauseScope {
        scope: Scope::Environment(name.parse().expect("is a name")),
        reason: reason.to_owned(),
    }
}

fn disclosures(reader: &dyn StoreReader) -> Vec<Disclosure> {
    reader.disclosures_from(0, 10_000).expect("reads")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn personal_texts_go_along_and_those_that_were_erased_do_not() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("a folder can be made"));
    let (first, address) = (folder.path().join("first.db"), cluster.fresh());
    let world = World::fresh(Box::new(SqliteStore::open(&first).expect("opens")));
    world.submit(pause("a", "asked by bob")).await.expect("is accepted");
    world.submit(pause("b", "the till is counted")).await.expect("is accepted");
    let texts = vec![TextRef { position: 1, pointer: "/data/reason".to_owned() }];
    let subject = "bob".to_owned();
    let erase = Command::EraseTexts { subject, texts: texts.clone(), reason: "request 31".to_owned() };
    world.submit(erase).await.expect("is accepted");
    let events = world.runtime.open_records(&world.runtime.records(0, 100).await.expect("reads")).await;
    world.runtime.shutdown().await;

    let (loaded, reader) = SqliteStore::inspect(&first).expect("is looked at");
    let kept = disclosures(reader.as_ref());
    assert!(kept.len() >= 4 && kept.iter().all(|it| it.pointer != texts[0].pointer || it.position != 1));
    let mut database = PostgresStore::open(&address).expect("opens");
    let source = Source { loaded, reader };
    Copy::begin(&source, &mut database).and_then(Copy::finish).expect("is copied");
    drop(database);
    let (loaded, reader) = PostgresStore::inspect(&address).expect("is looked at");
    assert!(disclosures(reader.as_ref()) == kept, "with their salts");

    let back = folder.path().join("back.db");
    let (source, mut target) = (Source { loaded, reader }, SqliteStore::open(&back).expect("opens"));
    Copy::begin(&source, &mut target).and_then(Copy::finish).expect("is copied back");
    drop(target);
    assert!(disclosures(SqliteStore::inspect(&back).expect("is looked at").1.as_ref()) == kept);
    let world =
        World::open(Box::new(SqliteStore::open(&back).expect("opens")), world.clock).expect("is whole");
    let again = world.runtime.open_records(&world.runtime.records(0, 100).await.expect("reads")).await;
    assert_eq!(again, events, "every commitment is opened by what came along");
    world.runtime.shutdown().await;
}
