//! Tables of other releases in PostgreSQL.

use std::time::Duration;

use shipway_engine::Command;
use shipway_model::effect::Performer;
use shipway_model::event::Scope;
use shipway_runtime::suite::{ManualClock, UNKNOWN, World, append_unknown, signer};
use shipway_runtime::{LeaseRequest, Store, SubmitError};
use shipway_store::copy::{Copy, Source};
use shipway_store::{ConnectError, MigrateError, PostgresStore, SqliteStore};

use crate::cluster::Cluster;

/// What each version of the tables after the first has added; releases only ever added.
const ADDED: [&str; 2] = ["disclosures", "archive"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_tables_of_every_release_are_brought_up_to_date_and_go_on() {
    let (cluster, folder) = (Cluster::start(), tempfile::tempdir().expect("a folder can be made"));
    let released = folder.path().join("released.db");
    let connection = rusqlite::Connection::open(&released).expect("opens");
    connection.execute_batch(include_str!("../fixtures/sqlite-1.sql")).expect("is laid");
    drop(connection);
    drop(SqliteStore::open(&released).expect("is brought up to date"));
    for version in 1..=ADDED.len() + 1 {
        let address = cluster.fresh();
        let schema = address.rsplit("%3D").next().expect("it names its schema").to_owned();
        let (loaded, reader) = SqliteStore::inspect(&released).expect("is looked at");
        let (source, mut target) = (Source { loaded, reader }, PostgresStore::open(&address).expect("opens"));
        Copy::begin(&source, &mut target).and_then(Copy::finish).expect("is copied");
        drop(target);
        let newest = cluster.psql(&format!("SELECT max(version) FROM {schema}.schema_versions"));
        assert_eq!(newest, (ADDED.len() + 1).to_string(), "ADDED says what every version has added");
        // As the release of that version had left it.
        for table in &ADDED[version - 1..] {
            cluster.psql(&format!("DROP TABLE {schema}.{table}"));
        }
        cluster.psql(&format!("DELETE FROM {schema}.schema_versions WHERE version > {version}"));

        let open = || Box::new(PostgresStore::open(&address).expect("is brought up to date"));
        let clock = ManualClock::default();
        clock.advance(Duration::from_secs(60));
        let world = World::open(open(), clock).expect("is whole");
        assert_eq!(world.runtime.head().size, 14, "version {version}");
        world.perform_all().await;
        let size = world.runtime.head().size;
        assert!(size > 14, "version {version}: what was under way goes on");
        let world = world.reopen(|| open()).await;
        assert_eq!(world.runtime.head().size, size, "version {version}");
        world.runtime.shutdown().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_replica_goes_on_beside_a_newer_one_until_tables_are_taken_away() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let schema = address.rsplit("%3D").next().expect("it names its schema").to_owned();
    let older = World::fresh(Box::new(PostgresStore::open(&address).expect("opens")));
    let release = older.declare().await;

    // A newer replica expands: columns and tables that this one does not know.
    cluster.psql(&format!(
        "ALTER TABLE {schema}.effects ADD COLUMN urgency integer NOT NULL DEFAULT 0;
         ALTER TABLE {schema}.events ADD COLUMN archived boolean NOT NULL DEFAULT false;
         CREATE TABLE {schema}.novelties (name text);
         INSERT INTO {schema}.schema_versions (version, needs) VALUES (99, 1)"
    ));
    older.start(release).await;
    older.perform_all().await;
    let size = older.runtime.head().size;
    older.runtime.shutdown().await;
    let again = World::open(Box::new(PostgresStore::open(&address).expect("opens")), ManualClock::default());
    let again = again.expect("is whole");
    assert_eq!(again.runtime.head().size, size);
    again.runtime.shutdown().await;

    // And a release later contracts.
    cluster.psql(&format!("INSERT INTO {schema}.schema_versions (version, needs) VALUES (100, 99)"));
    let refused = PostgresStore::open(&address).err().expect("is too new");
    assert!(matches!(refused, ConnectError::Tables(MigrateError::Newer { version: 100, needs: 99 })));
    assert!(refused.to_string().contains("newer version of Shipway"), "{refused}");
    assert!(PostgresStore::inspect(&address).is_err());
}

/// A newer replica may write what this one cannot read. From then on it neither writes nor performs anything, shows nothing
/// older as if it were new, and says why.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_older_replica_stops_at_a_kind_of_event_that_it_does_not_know() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let open = || PostgresStore::open(&address).expect("opens");
    let older = World::fresh(Box::new(open()));
    let release = older.declare().await;
    older.start(release).await;
    let held = older.lease("host-a", Vec::new()).await.leases.remove(0);
    let head = older.runtime.head();

    let position = append_unknown(&mut open(), &signer());
    assert_eq!(position, head.size);
    older.runtime.until_outrun().await;
    let told = format!("record {position} (`{UNKNOWN}`) cannot be read, and may be from a newer version");
    let names_it = |said: String| assert!(said.contains(&told), "{said}");
    names_it(older.runtime.catch_up().await.expect_err("it cannot").to_string());
    let scope = Scope::Everything;
    let pause = Command::PauseScope { scope, reason: "a test".to_owned() };
    match older.submit(pause).await.expect_err("nothing is decided on top of it") {
        SubmitError::Unavailable(why) => names_it(why),
        other => panic!("{other:?}"),
    }
    // What it held goes to others when the lease ends: it can neither keep it nor report.
    let (performer, renew) =
        (Performer::Agent("host-a".parse().expect("a name")), vec![(held.effect.key, held.generation)]);
    let ask = LeaseRequest { max: 1, renew, ..LeaseRequest::default() };
    names_it(older.runtime.lease(performer, ask).await.expect_err("it may hold nothing").to_string());
    assert_eq!(older.runtime.head(), head, "what it shows ends before");
    older.runtime.shutdown().await;

    let again = World::open(Box::new(open()), ManualClock::default());
    names_it(again.err().expect("it does not start on it").to_string());
    let loaded = open().load().expect("loads").head;
    assert_eq!(loaded.size, position + 1, "and nothing came after it");
}

#[test]
fn somebody_elses_tables_are_left_alone() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let schema = address.rsplit("%3D").next().expect("it names its schema");
    cluster.psql(&format!("CREATE TABLE {schema}.somebodys (thing text)"));
    let refused = PostgresStore::open(&address).err().expect("is not ours");
    assert!(matches!(refused, ConnectError::Tables(MigrateError::NotALedger { .. })), "{refused}");
    assert_eq!(cluster.psql(&format!("SELECT count(*) FROM pg_tables WHERE schemaname = '{schema}'")), "1");
}

#[test]
fn several_that_start_at_once_make_the_tables_once() {
    let cluster = Cluster::start();
    let address = cluster.fresh();
    let stores = std::thread::scope(|scope| {
        let opening: Vec<_> = (0..4).map(|_| scope.spawn(|| PostgresStore::open(&address))).collect();
        opening.into_iter().map(|it| it.join().expect("does not panic").expect("opens")).collect::<Vec<_>>()
    });
    for mut store in stores {
        assert_eq!(store.load().expect("loads").head.size, 0);
    }
}
