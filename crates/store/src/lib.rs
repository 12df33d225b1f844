//! Where ledgers live: implementations of the runtime's [`Store`](shipway_runtime::Store) port, and the archives to which
//! their old records move.
//!
//! Rows are private here; nobody else writes SQL against these tables, and nothing here knows what an event means.
//! Every implementation passes [`shipway_runtime::suite`].
//!
//! Start at [`SqliteStore`], the embedded default, or at [`PostgresStore`], which several control planes share. Archives
//! are in [`archive`]; where they lie is a [`Place`].

pub mod archive;
pub mod copy;
mod driver;
mod place;
mod postgres;
mod sqlite;

pub use place::{Lock, Place, PlaceError};
pub use postgres::{ConnectError, MigrateError, PostgresShrink, PostgresStore, Room};
pub use sqlite::{OpenError, SqliteShrink, SqliteStore};
