//! Fields of structured lines: what old lines have and new ones lack.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::compare::Share;

/// A field that the old version always writes and the new one does not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MissingField {
    pub field: String,
    /// Structured lines without it.
    pub control: Share,
    pub canary: Share,
    pub p_value: f64,
}

/// How many structured lines have each field.
#[derive(Debug, Clone, Default)]
pub(super) struct Fields {
    n_lines: u64,
    seen: BTreeMap<String, u64>,
}

/// Fields beyond these are not counted: somebody logs data as names.
const FIELDS_MAX: usize = 256;

/// A field that so great a share of the old lines have is one that lines are meant to have.
const USUAL_SHARE: f64 = 0.99;

impl Fields {
    pub(super) fn count(&mut self, fields: &Map<String, Value>) {
        self.n_lines += 1;
        for name in fields.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name) {
            if let Some(n) = self.seen.get_mut(name) {
                *n += 1;
            } else if self.seen.len() < FIELDS_MAX {
                self.seen.insert(name.clone(), 1);
            }
        }
    }

    /// The fields that lines usually have.
    pub(super) fn usual(&self) -> impl Iterator<Item = &str> {
        let is_usual = |n: u64| n as f64 >= self.n_lines as f64 * USUAL_SHARE;
        self.seen.iter().filter(move |(_, n)| is_usual(**n)).map(|(name, _)| name.as_str())
    }

    pub(super) fn missing(&self, name: &str) -> Share {
        let seen = self.seen.get(name).copied().unwrap_or(0);
        Share { total: self.n_lines, hits: self.n_lines - seen }
    }
}
