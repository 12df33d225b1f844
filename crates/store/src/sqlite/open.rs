//! Opening a ledger's file: whose it is, which version it has, and that nobody else has it.

use std::io;
use std::path::PathBuf;

use rusqlite::Connection;

/// `SHPW`: marks a database file as a ledger of Shipway.
const APPLICATION_ID: i32 = 0x5348_5057;
/// What leads from each version of the tables to the next, from an empty file on. What was released stays as it is.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];
/// Of the tables.
const SCHEMA_VERSION: i32 = MIGRATIONS.len() as i32;

/// Why a file cannot be opened as a ledger.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("another control plane has this ledger open: it holds the lock on {}", lock.display())]
    Locked { lock: PathBuf },
    #[error("the lock file {} cannot be used", lock.display())]
    Lock { lock: PathBuf, source: io::Error },
    #[error("{} is a database, but not a ledger of Shipway", path.display())]
    NotALedger { path: PathBuf },
    #[error(
        "{} was written by a newer version of Shipway (tables of version {found}; this one knows {SCHEMA_VERSION})",
        path.display()
    )]
    Newer { path: PathBuf, found: i32 },
    #[error(
        "{} is at work under an older version of Shipway (tables of version {found}; this one knows {SCHEMA_VERSION}): \
         start this version on it first",
        path.display()
    )]
    Older { path: PathBuf, found: i32 },
    #[error("{} cannot be opened", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
}

/// What a file turned out to be.
pub(super) enum Schema {
    Ready,
    /// Of this version.
    Older(i32),
    Empty,
    NotALedger,
    Newer(i32),
}

pub(super) fn look(connection: &Connection) -> rusqlite::Result<Schema> {
    let pragma = |name: &str| connection.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    Ok(match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => Schema::Ready,
        (APPLICATION_ID, older @ 1..SCHEMA_VERSION) => Schema::Older(older),
        (APPLICATION_ID, newer) => Schema::Newer(newer),
        (0, 0) if tables == 0 => Schema::Empty,
        _ => Schema::NotALedger,
    })
}

/// Lays the tables in an empty file and brings older ones up to date, all or nothing.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Schema> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let version = match look(&transaction)? {
        Schema::Older(version) => version,
        Schema::Empty => 0,
        other => return Ok(other),
    };
    for migration in MIGRATIONS.iter().skip(version as usize) {
        transaction.execute_batch(migration)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
    transaction.commit()?;
    Ok(Schema::Ready)
}
