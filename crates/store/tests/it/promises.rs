//! SQLite and PostgreSQL keep the promises of every store.

use std::path::PathBuf;
use std::time::Duration;

use shipway_runtime::Store;
use shipway_runtime::suite::{CHECKS, ManualClock, Site, run};
use shipway_store::{PostgresStore, SqliteStore};

use crate::cluster::Cluster;

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

struct Schema<'a> {
    cluster: &'a Cluster,
    address: String,
}

impl Site for Schema<'_> {
    fn open(&self) -> Box<dyn Store> {
        Box::new(PostgresStore::open(&self.address).expect("opens"))
    }

    /// Leases end by the database's clock, which cannot be set: their ends come nearer instead.
    fn pass(&self, clock: &ManualClock, by: Duration) {
        clock.advance(by);
        let schema = self.address.rsplit("%3D").next().expect("it names its schema");
        let seconds = by.as_secs_f64();
        let sql = format!("UPDATE {schema}.effects SET leased_until = leased_until - interval '{seconds} s'");
        self.cluster.psql(&sql);
    }
}

#[test]
fn sqlite_keeps_every_promise() {
    for check in CHECKS {
        run(check, &Folder::new());
    }
}

#[test]
fn postgres_keeps_every_promise() {
    let cluster = Cluster::start();
    for check in CHECKS {
        run(check, &Schema { cluster: &cluster, address: cluster.fresh() });
    }
}
