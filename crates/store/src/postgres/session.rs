//! One connection with its prepared statements.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::tls::MakeTlsConnect;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Connection, Error, Row, Socket, Statement};

use super::encryption::Connector;
use super::fault::Fault;

/// How long connecting may take, over all hosts.
const CONNECT_MAX: Duration = Duration::from_secs(8);

pub(super) type Params<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Where the database is, and how it is spoken to.
pub(super) struct Target {
    pub(super) config: Config,
    pub(super) connector: Connector,
}

type Stream = <Connector as MakeTlsConnect<Socket>>::Stream;

impl Target {
    pub(super) async fn connect(&self) -> Result<(Client, Connection<Socket, Stream>), Error> {
        self.config.connect(self.connector.clone()).await
    }
}

pub(super) struct Session {
    pub(super) client: Client,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Session {
    /// Connects on the runtime that this is called on.
    pub(super) async fn connect(target: &Target) -> Result<Self, Fault> {
        let connected = timeout(CONNECT_MAX, target.connect()).await.map_err(|_| Fault::Late)?;
        let (client, connection) = connected?;
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::warn!(error = %Fault::from(error), "a connection to PostgreSQL ended");
            }
        });
        Ok(Self { client, statements: Mutex::default() })
    }

    pub(super) fn is_open(&self) -> bool {
        !self.client.is_closed()
    }

    pub(super) async fn rows(&self, sql: &'static str, params: Params<'_>) -> Result<Vec<Row>, Fault> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query(&statement, params).await?)
    }

    pub(super) async fn row(&self, sql: &'static str, params: Params<'_>) -> Result<Row, Fault> {
        let statement = self.statement(sql).await?;
        Ok(self.client.query_one(&statement, params).await?)
    }

    pub(super) async fn execute(&self, sql: &'static str, params: Params<'_>) -> Result<u64, Fault> {
        let statement = self.statement(sql).await?;
        Ok(self.client.execute(&statement, params).await?)
    }

    /// Prepared once per connection.
    pub(super) async fn statement(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        statements.insert(sql, statement.clone());
        Ok(statement)
    }
}
