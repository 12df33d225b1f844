//! What is known about vulnerabilities, and what it means for bills of materials.
//!
//! Entries come in the OSV schema, exploit predictions as FIRST publishes them, and what is known to be exploited as CISA
//! does. They are kept in one SQLite file beside the ledger, with the components of every bill of materials that was
//! attached, so that a new entry finds what carries it without reading a document again. Start at [`Store`].

mod bill;
mod judge;
pub mod osv;
mod package;
mod score;
mod store;
mod version;

pub use store::Store;

#[cfg(test)]
mod tests;
