//! The tables and their versions.
//!
//! A migration expands first: it adds what older replicas need not know, so that they and newer ones work side by side
//! while a fleet is upgraded. Only a later release contracts, takes away what none of those still uses, and says so in
//! `needs`: a replica that does not know that version is refused.

use shipway_runtime::StoreError;

use super::fault::Fault;
use super::session::Session;

struct Migration {
    sql: &'static str,
    /// The version that a replica must know to work on tables of this one.
    needs: i32,
}

/// From an empty schema on. What was released stays as it is.
const MIGRATIONS: [Migration; 3] = [
    Migration { sql: include_str!("migrations/1.sql"), needs: 1 },
    // An older replica shows commitments where names are, and still writes names into its own records.
    Migration { sql: include_str!("migrations/2.sql"), needs: 1 },
    // From the day on which something is archived, older replicas are refused: see `NEED_ARCHIVES`.
    Migration { sql: include_str!("migrations/3.sql"), needs: 1 },
];
/// Refuses replicas that do not know of archives, from now on.
pub(super) const NEED_ARCHIVES: &str = "UPDATE schema_versions SET needs = 3 WHERE version = 3";
/// The newest that this release knows.
const VERSION: i32 = MIGRATIONS.len() as i32;
/// One at a time migrates: a number of our own for the advisory lock.
const LOCK: i64 = 0x5348_5057;

/// Why tables cannot be worked on.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    #[error(
        "the tables were changed by a newer version of Shipway (to version {version}, which needs a replica that knows \
         version {needs}; this one knows {VERSION})"
    )]
    Newer { version: i32, needs: i32 },
    #[error("the schema `{schema}` holds no ledger of Shipway")]
    NotALedger { schema: String },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Brings the tables of the session's schema up to date, all or nothing. Waits for others who do the same.
pub(super) async fn migrate(session: &Session) -> Result<(), MigrateError> {
    let begun = session.client.batch_execute("BEGIN").await.map_err(Fault::from).map_err(StoreError::from);
    begun?;
    let migrated = migrate_locked(session).await;
    let end = if migrated.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = session.client.batch_execute(end).await.map_err(Fault::from).map_err(StoreError::from);
    migrated?;
    Ok(ended?)
}

/// Refuses tables that are not there, or that this release cannot read.
pub(super) async fn known_version(session: &Session) -> Result<(), MigrateError> {
    let (schema, has_versions, _) = look(session).await.map_err(StoreError::from)?;
    if !has_versions {
        return Err(MigrateError::NotALedger { schema });
    }
    let (version, needs) = version(session).await.map_err(StoreError::from)?;
    if needs > VERSION { Err(MigrateError::Newer { version, needs }) } else { Ok(()) }
}

async fn migrate_locked(session: &Session) -> Result<(), MigrateError> {
    let run = async |sql: &str| {
        let ran = session.client.batch_execute(sql).await;
        ran.map_err(|error| MigrateError::Store(Fault::from(error).into()))
    };
    run(&format!("SELECT pg_advisory_xact_lock({LOCK})")).await?;
    let (schema, has_versions, n_tables) = look(session).await.map_err(StoreError::from)?;
    if !has_versions && n_tables > 0 {
        return Err(MigrateError::NotALedger { schema });
    }
    if !has_versions {
        run(include_str!("sql/versions.sql")).await?;
    }
    let (version, needs) = version(session).await.map_err(StoreError::from)?;
    if needs > VERSION {
        return Err(MigrateError::Newer { version, needs });
    }
    for (number, migration) in (1..).zip(&MIGRATIONS).filter(|it| it.0 > version) {
        run(migration.sql).await?;
        let needs = migration.needs;
        run(&format!("INSERT INTO schema_versions (version, needs) VALUES ({number}, {needs})")).await?;
    }
    Ok(())
}

/// The schema's name, whether it knows its version, and how many tables it has.
async fn look(session: &Session) -> Result<(String, bool, i64), Fault> {
    let row = session
        .client
        .query_one(
            "SELECT coalesce(current_schema()::text, ''), to_regclass('schema_versions') IS NOT NULL, \
             (SELECT count(*) FROM pg_tables WHERE schemaname = current_schema())",
            &[],
        )
        .await?;
    Ok((super::row::get(&row, 0)?, super::row::get(&row, 1)?, super::row::get(&row, 2)?))
}

/// The newest version that was applied, and what it needs.
async fn version(session: &Session) -> Result<(i32, i32), Fault> {
    let sql = "SELECT coalesce(max(version), 0), coalesce(max(needs), 0) FROM schema_versions";
    let row = session.client.query_one(sql, &[]).await?;
    Ok((super::row::get(&row, 0)?, super::row::get(&row, 1)?))
}
