//! The port of what is known about vulnerabilities: the server takes batches and asks, whoever puts the control plane
//! together hands in who keeps it.

use std::fmt;
use std::io::BufRead;

use jiff::Timestamp;
use shipway_model::Digest;
use shipway_model::event::KnowledgeSource;
use shipway_model::evidence::{Finding, Normal};

/// What became of a batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Taken {
    /// Entries that are new, or newer than what was known.
    pub changed: u64,
    pub unchanged: u64,
    /// Entries that cannot be understood, each named and with the reason. They change nothing.
    pub broken: Vec<String>,
}

/// A bill of materials about a package of which something changed, until it has been compared again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pending {
    pub bill: Digest,
    /// Grows with each change, so that what came while it was compared is not forgotten.
    pub change: i64,
}

/// What follows for a bill of materials.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Compared {
    /// One for each vulnerability and component that carries it, in order of id and package.
    pub findings: Vec<Finding>,
    /// Components of which nobody can say whether they are affected.
    pub unjudged: u64,
    /// Why, one sentence for each kind of reason, with the number of components.
    pub reasons: Vec<String>,
}

/// Keeps what was imported, and bills of materials by the packages in them. Everything blocks.
pub trait Knowledge: fmt::Debug + Send + Sync {
    /// The ids of those entries that are not known, or only as they were before they were modified last.
    ///
    /// # Errors
    /// What is kept cannot be read.
    fn missing(&self, heads: &[(String, Timestamp)]) -> Result<Vec<String>, String>;

    /// Takes a batch in, whole or not at all.
    ///
    /// # Errors
    /// It is no batch of this source, or cannot be kept.
    fn take(&self, source: KnowledgeSource, batch: &mut dyn BufRead) -> Result<Taken, String>;

    /// Whether the bill of materials under this digest was taken in.
    ///
    /// # Errors
    /// What is kept cannot be read.
    fn has_bill(&self, bill: &Digest) -> Result<bool, String>;

    /// Takes in the components of a bill, which is kept under this digest, with the ways by which they got in.
    ///
    /// # Errors
    /// It cannot be kept.
    fn take_bill(&self, bill: &Digest, normal: &Normal) -> Result<(), String>;

    /// The bills that are to be compared again, those that wait longest first, at most `max`; and how many there are.
    ///
    /// # Errors
    /// What is kept cannot be read.
    fn pending(&self, max: usize) -> Result<(Vec<Pending>, u64), String>;

    /// It was compared, with everything that was known at its change.
    ///
    /// # Errors
    /// It cannot be kept.
    fn settle(&self, pending: &Pending) -> Result<(), String>;

    /// What follows for a bill that was taken in.
    ///
    /// # Errors
    /// What is kept cannot be read.
    fn compare(&self, bill: &Digest) -> Result<Compared, String>;
}
