//! SQLite keeps the promises of every store.

use std::path::PathBuf;

use shipway_runtime::Store;
use shipway_runtime::suite::{CHECKS, Site, run};
use shipway_store::SqliteStore;

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().expect("a folder can be made"))
    }

    fn ledger(&self) -> PathBuf {
        self.0.path().join("ledger.db")
    }
}

impl Site for Folder {
    fn open(&self) -> Box<dyn Store> {
        Box::new(SqliteStore::open(&self.ledger()).expect("opens"))
    }
}

#[test]
fn keeps_every_promise() {
    for check in CHECKS {
        run(check, &Folder::new());
    }
}
