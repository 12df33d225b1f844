//! What happens when the ledger's file cannot grow.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use shipway_engine::Command;
use shipway_model::event::Scope;
use shipway_runtime::store::{AppendError, Batch, Loaded};
use shipway_runtime::suite::{ManualClock, World};
use shipway_runtime::{Store, StoreError, StoreReader, SubmitError};
use shipway_store::SqliteStore;

/// Pages of 4 KiB: room for the tables and a few dozen events.
const SMALL: u32 = 40;
const LARGE: u32 = 100_000;

/// A store whose limit the test moves, as a disk fills and is cleared.
struct Disk {
    store: SqliteStore,
    pages_max: Arc<AtomicU32>,
}

impl Store for Disk {
    fn load(&mut self) -> Result<Loaded, StoreError> {
        self.store.load()
    }

    fn append(&mut self, batch: &Batch) -> Result<(), AppendError> {
        self.store.limit_pages(self.pages_max.load(Ordering::SeqCst)).expect("the limit is set");
        self.store.append(batch)
    }

    fn reader(&self) -> Arc<dyn StoreReader> {
        self.store.reader()
    }
}

#[tokio::test]
async fn a_full_disk_refuses_and_loses_nothing() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let pages_max = Arc::new(AtomicU32::new(SMALL));
    let store = SqliteStore::open(&path).expect("opens");
    let world = World::fresh(Box::new(Disk { store, pages_max: pages_max.clone() }));

    let mut n_accepted = 0;
    let reason = loop {
        match world.submit(pause(n_accepted)).await {
            Ok(receipt) => {
                n_accepted += 1;
                assert_eq!(receipt.position, 1 + n_accepted);
            }
            Err(SubmitError::Unavailable(reason)) => break reason,
            Err(other) => panic!("{other}"),
        }
    };
    assert!(reason.contains("full"), "{reason}");
    assert!(n_accepted > 10, "it was not full from the start");
    assert!(matches!(world.submit(pause(n_accepted)).await, Err(SubmitError::Unavailable(_))), "it still is");
    assert_eq!(world.runtime.head().size, 1 + n_accepted);
    assert_eq!(world.runtime.records(0, 1000).await.expect("reading works").len() as u64, 1 + n_accepted);

    pages_max.store(LARGE, Ordering::SeqCst);
    let receipt = world.submit(pause(n_accepted)).await.expect("there is room again");
    assert_eq!(receipt.position, 2 + n_accepted);
    world.runtime.shutdown().await;

    let store = SqliteStore::open(&path).expect("opens again");
    let world = World::open(Box::new(store), ManualClock::default()).expect("is whole");
    assert_eq!(world.runtime.state().pauses.iter().count() as u64, 1 + n_accepted);
    world.runtime.shutdown().await;
}

fn pause(number: u64) -> Command {
    let scope = Scope::Environment(format!("number-{number}").parse().expect("is a name"));
    Command::PauseScope { scope, reason: "x".repeat(1000) }
}
