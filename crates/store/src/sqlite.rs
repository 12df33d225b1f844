//! One ledger in one SQLite file: write-ahead log, every commit on the disk before it is acknowledged, one writer.

mod connection;
mod inspect;
mod lock;
mod open;
mod reader;
mod row;
mod shrink;
mod streams;
mod writer;

pub use open::OpenError;
pub use shrink::SqliteShrink;
pub use writer::SqliteStore;
