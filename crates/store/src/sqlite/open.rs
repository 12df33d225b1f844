//! Opening a ledger's file: whose it is, which version it has, and that nobody else has it.

use std::io;
use std::path::PathBuf;

use rusqlite::Connection;

/// `SHPW`: marks a database file as a ledger of Shipway.
const APPLICATION_ID: i32 = 0x5348_5057;
/// Of the tables.
const SCHEMA_VERSION: i32 = 1;

const SCHEMA: &str = include_str!("sql/schema.sql");

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
    #[error("{} cannot be opened", path.display())]
    Sqlite { path: PathBuf, source: rusqlite::Error },
}

/// What a file turned out to be.
pub(super) enum Schema {
    Ready,
    NotALedger,
    Newer(i32),
}

/// Lays the tables in an empty file, and looks at what is there otherwise.
pub(super) fn prepare(connection: &mut Connection) -> rusqlite::Result<Schema> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let pragma = |name: &str| transaction.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    match (pragma("application_id")?, pragma("user_version")?) {
        (APPLICATION_ID, SCHEMA_VERSION) => Ok(Schema::Ready),
        (APPLICATION_ID, newer) => Ok(Schema::Newer(newer)),
        (0, 0) if tables == 0 => {
            transaction.execute_batch(SCHEMA)?;
            transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()?;
            Ok(Schema::Ready)
        }
        _ => Ok(Schema::NotALedger),
    }
}
