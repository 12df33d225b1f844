//! One ledger in one schema of a PostgreSQL database, which any number of control planes work on at once.

mod encryption;
mod fault;
mod inspect;
mod leases;
mod line;
mod migrate;
mod open;
mod reader;
mod row;
mod session;
mod shrink;
mod statements;
mod watch;
mod writer;

pub use migrate::MigrateError;
pub use open::{ConnectError, PostgresStore};
pub use shrink::{PostgresShrink, Room};
