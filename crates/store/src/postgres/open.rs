//! Connecting: where the database is, how sessions are set up, and what its tables are.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use shipway_runtime::{Entropy, OsEntropy, StoreError};
use tokio_postgres::Config;
use tokio_util::sync::CancellationToken;

use super::encryption::Encryption;
use super::fault::Fault;
use super::leases::Leases;
use super::line::{Line, Lines};
use super::migrate::{MigrateError, migrate};
use super::reader::Reader;
use super::session::{Session, Target};
use crate::driver::Driver;

/// Where tables are unless the address says otherwise.
const SCHEMA: &str = "shipway";
/// Sessions for reading.
const READERS: usize = 3;
/// Sessions for leases, which wait for the disk.
const LEASERS: usize = 4;
/// The database ends a session that keeps the ledger locked and says nothing for this long: its replica has been
/// stopped or cut off, and the others wait.
const SILENCE_MAX: &str = "5s";
/// Waiting for the lock longer than that means that something else is wrong.
const LOCK_WAIT_MAX: &str = "8s";
const CONNECT_HOST_MAX: Duration = Duration::from_secs(3);
/// How long the network may be silent before a line counts as broken.
const NETWORK_SILENCE_MAX: Duration = Duration::from_secs(10);

/// A ledger in a PostgreSQL database.
pub struct PostgresStore {
    pub(super) driver: Arc<Driver>,
    pub(super) line: Line,
    pub(super) target: Arc<Target>,
    pub(super) reader: Arc<Reader>,
    pub(super) leases: Arc<Leases>,
    /// Names this open store among the replicas.
    pub(super) id: String,
    /// On which appends are told.
    pub(super) channel: String,
    /// The session whose open transaction has the ledger's end locked.
    pub(super) locked: Option<Arc<Session>>,
    pub(super) watching: CancellationToken,
}

/// Why a database cannot be opened as a ledger. None of it shows the address, which may hold a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    #[error("the address of the database is not of the form postgres://USER@HOST:PORT/DATABASE")]
    Address(#[source] tokio_postgres::Error),
    #[error("{mode} is no sslmode: there are disable, prefer, require, verify-ca and verify-full")]
    Mode { mode: String },
    #[error(
        "the database is to be spoken to by TLS, which this build of Shipway does not speak: build it with `--features tls`"
    )]
    NoEncryption,
    #[error("the certificates by which the database is believed cannot be used: {0}")]
    Certificates(String),
    #[error("no threads can be started")]
    Threads(#[source] io::Error),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Tables(#[from] MigrateError),
}

impl PostgresStore {
    /// Connects, and makes the tables or brings them up to date. Several stores may be open on one database.
    ///
    /// The address is that of libpq, also with several hosts: `postgres://user@a,b/db?target_session_attrs=read-write`
    /// finds the primary among them. So are `sslmode` and `sslrootcert`, in builds with the feature `tls`; without `sslmode`
    /// nothing is encrypted. The tables are in the schema `shipway` unless its `options` set a `search_path`.
    ///
    /// # Errors
    /// Also when the tables are of a newer version that this release cannot work on.
    pub fn open(address: &str) -> Result<Self, ConnectError> {
        let driver = Driver::start().map_err(ConnectError::Threads)?;
        let target = Arc::new(target(address)?);
        let channel = driver.block({
            let target = target.clone();
            async move { prepare(&target).await }
        })?;
        let lines = |n_sessions| Lines::new(driver.clone(), target.clone(), n_sessions);
        let (readers, leasers) = (lines(READERS), lines(LEASERS));
        Ok(Self {
            line: Line::new(target.clone()).map_err(ConnectError::Threads)?,
            driver,
            reader: Arc::new(Reader::new(readers)),
            leases: Arc::new(Leases { lines: leasers }),
            target,
            id: new_id(),
            channel,
            locked: None,
            watching: CancellationToken::new(),
        })
    }
}

impl Drop for PostgresStore {
    fn drop(&mut self) {
        self.watching.cancel();
    }
}

pub(super) fn target(address: &str) -> Result<Target, ConnectError> {
    let (address, encryption) = Encryption::take(address)?;
    let mut config: Config = address.parse().map_err(ConnectError::Address)?;
    config.ssl_mode(encryption.ssl_mode());
    let asked = config.get_options().unwrap_or_default().to_owned();
    let schema =
        if asked.contains("search_path") { String::new() } else { format!("-c search_path={SCHEMA}") };
    let limits =
        format!("-c idle_in_transaction_session_timeout={SILENCE_MAX} -c lock_timeout={LOCK_WAIT_MAX}");
    // Under stricter isolation whoever waited for the lock would be refused for what was written meanwhile.
    let isolation = r"-c default_transaction_isolation=read\ committed";
    config.options(format!("{schema} {limits} {isolation} {asked}"));
    if config.get_application_name().is_none() {
        config.application_name("shipway");
    }
    if config.get_connect_timeout().is_none() {
        config.connect_timeout(CONNECT_HOST_MAX);
    }
    config.tcp_user_timeout(NETWORK_SILENCE_MAX).keepalives_idle(NETWORK_SILENCE_MAX);
    Ok(Target { config, connector: encryption.connector()? })
}

/// Makes the tables ready, and answers with the name of the channel on which their replicas tell each other.
async fn prepare(target: &Target) -> Result<String, ConnectError> {
    let session = Session::connect(target).await.map_err(StoreError::from)?;
    make_schema(&session).await.map_err(StoreError::from)?;
    migrate(&session).await?;
    Ok(channel(&session).await.map_err(StoreError::from)?)
}

/// Makes the schema that sessions work in when it is ours and not there yet.
async fn make_schema(session: &Session) -> Result<(), Fault> {
    let row = session.client.query_one("SELECT current_schema() IS NULL", &[]).await?;
    if super::row::get(&row, 0)? {
        session.client.batch_execute(&format!("CREATE SCHEMA IF NOT EXISTS {SCHEMA}")).await?;
    }
    Ok(())
}

async fn channel(session: &Session) -> Result<String, Fault> {
    let row = session.client.query_one("SELECT 'shipway_' || 'head'::regclass::oid", &[]).await?;
    session.execute(include_str!("sql/forget_writers.sql"), &[]).await?;
    super::row::get(&row, 0)
}

fn new_id() -> String {
    let mut bytes = [0; 16];
    OsEntropy.fill(&mut bytes);
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}
