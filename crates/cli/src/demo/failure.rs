//! What went wrong in the demonstration.

use std::fmt;

/// A sentence for people; the source is part of it.
#[derive(Debug)]
pub(super) struct Failure(String);

impl Failure {
    pub(super) fn new(doing: &str, source: impl fmt::Display) -> Self {
        Self(format!("{doing}: {source}"))
    }

    pub(super) fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}
