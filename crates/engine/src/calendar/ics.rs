//! iCalendar (RFC 5545), out and in.
//!
//! What goes out is every occurrence by itself, in UTC: a reader then has no zone to know, no rule to expand and no
//! opinion on gaps and folds, and shows exactly what binds.

mod read;
mod write;

pub use read::{ImportFault, Imported, import};
pub use write::{Feed, write};
