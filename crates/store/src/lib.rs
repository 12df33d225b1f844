//! Where ledgers live on disk: implementations of the runtime's [`Store`](shipway_runtime::Store) port.
//!
//! Rows are private here; nobody else writes SQL against these tables, and nothing here knows what an event means.
//! Every implementation passes [`shipway_runtime::suite`].
//!
//! Start at [`SqliteStore`], the embedded default.

mod sqlite;

pub use sqlite::{OpenError, SqliteStore};
