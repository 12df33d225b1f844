//! Where ledgers live: implementations of the runtime's [`Store`](shipway_runtime::Store) port.
//!
//! Rows are private here; nobody else writes SQL against these tables, and nothing here knows what an event means.
//! Every implementation passes [`shipway_runtime::suite`].
//!
//! Start at [`SqliteStore`], the embedded default, or at [`PostgresStore`], which several control planes share.

pub mod copy;
mod postgres;
mod sqlite;

pub use postgres::{ConnectError, MigrateError, PostgresStore};
pub use sqlite::{OpenError, SqliteStore};
