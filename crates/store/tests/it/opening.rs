//! Which files are opened as ledgers, and which are refused.

use std::time::Duration;

use shipway_engine::Command;
use shipway_model::effect::Performer;
use shipway_model::event::Scope;
use shipway_runtime::LeaseRequest;
use shipway_runtime::suite::{ManualClock, World};
use shipway_store::{OpenError, SqliteStore};

#[tokio::test]
async fn what_a_dead_control_plane_was_performing_is_free_at_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let open = || Box::new(SqliteStore::open(&path).expect("opens"));
    let request = || LeaseRequest { max: 1, ttl: Duration::from_secs(10), ..LeaseRequest::default() };
    let world = World::fresh(open());
    let release = world.declare_with_call().await;
    world.start(release).await;
    let before = world.runtime.lease(Performer::Server, request()).await.expect("is given").leases.remove(0);

    let world = world.reopen(|| open()).await;
    let after = world.runtime.lease(Performer::Server, request()).await.expect("is given").leases.remove(0);
    assert_eq!((after.effect, after.generation), (before.effect, before.generation + 1));
    world.runtime.shutdown().await;
}

#[test]
fn a_ledger_is_open_once() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    let first = SqliteStore::open(&path).expect("opens");
    let second = SqliteStore::open(&path).expect_err("is open already");
    assert!(matches!(&second, OpenError::Locked { lock } if lock.ends_with("ledger.db.lock")));
    assert!(second.to_string().contains("ledger.db.lock"), "{second}");
    drop(first);
    SqliteStore::open(&path).expect("opens again");
}

#[test]
fn a_newer_ledger_is_refused_and_stays_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("ledger.db");
    drop(SqliteStore::open(&path).expect("opens"));
    let connection = rusqlite::Connection::open(&path).expect("opens");
    connection.pragma_update(None, "user_version", 7).expect("is set");
    drop(connection);
    let refused = SqliteStore::open(&path).expect_err("is newer");
    assert!(matches!(&refused, OpenError::Newer { found: 7, .. }));
    assert!(refused.to_string().contains("newer version of Shipway"), "{refused}");
    let connection = rusqlite::Connection::open(&path).expect("opens");
    let version: i64 =
        connection.pragma_query_value(None, "user_version", |row| row.get(0)).expect("is read");
    assert_eq!(version, 7);
}

#[test]
fn other_files_are_refused() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let other = folder.path().join("other.db");
    let connection = rusqlite::Connection::open(&other).expect("opens");
    connection.execute_batch("CREATE TABLE somebodys (thing TEXT)").expect("is made");
    drop(connection);
    assert!(matches!(SqliteStore::open(&other), Err(OpenError::NotALedger { .. })));

    let text = folder.path().join("text.db");
    std::fs::write(&text, "dear diary, ".repeat(1000)).expect("is written");
    assert!(matches!(SqliteStore::open(&text), Err(OpenError::Sqlite { .. })));
    assert!(matches!(
        SqliteStore::open(&folder.path().join("no/such/ledger.db")),
        Err(OpenError::Lock { .. })
    ));
}

/// The migrations as they were released, in their order.
fn migrations() -> Vec<String> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sqlite/migrations");
    let read = |number: usize| std::fs::read_to_string(folder.join(format!("{number}.sql"))).ok();
    (1..).map_while(read).collect()
}

#[tokio::test]
async fn the_tables_of_every_release_are_brought_up_to_date_and_go_on() {
    let migrations = migrations();
    assert!(migrations.len() >= 4, "there are {}", migrations.len());
    for version in 1..=migrations.len() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let path = folder.path().join("ledger.db");
        let released = rusqlite::Connection::open(&path).expect("opens");
        released.execute_batch(include_str!("../fixtures/sqlite-1.sql")).expect("is laid");
        // Between the releases tables were only added to.
        migrations[1..version].iter().for_each(|it| released.execute_batch(it).expect("was released"));
        released.pragma_update(None, "user_version", version as i64).expect("is set");
        drop(released);

        let clock = ManualClock::default();
        let open = || Box::new(SqliteStore::open(&path).expect("is brought up to date"));
        let world = World::open(open(), clock.clone()).expect("is whole");
        assert_eq!(world.runtime.head().size, 14, "version {version}");
        let repeated = world.submit_keyed("ada", Some("k"), pause("a")).await.expect("was answered before");
        assert!(repeated.repeated, "version {version}: answers are kept");
        assert!(
            world.lease("host-a", Vec::new()).await.leases.is_empty(),
            "version {version}: leases are kept"
        );
        clock.advance(Duration::from_secs(10));
        let lease = world.lease_as("host-a", Some("one"), Vec::new()).await.leases.remove(0);
        assert_eq!(lease.generation, 2, "version {version}");
        let world = world.reopen(|| open()).await;
        assert_eq!(world.runtime.head().size, 14, "version {version}");
        world.runtime.shutdown().await;
    }
}

fn pause(environment: &str) -> Command {
    let scope = Scope::Environment(environment.parse().expect("is a name"));
    Command::PauseScope { scope, reason: "a check".to_owned() }
}
