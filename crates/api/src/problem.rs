//! What can go wrong, as RFC 9457 problem details: a catalogue of codes, each with a page of docs.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::resource;

mod code;

pub use code::Code;

/// The media type of a problem.
pub const MEDIA: &str = "application/problem+json";

/// Where the pages of the catalogue are published.
pub const TYPE_BASE: &str = "https://shipway.dev/problems/";

/// One problem as it travels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// The address of the code's page.
    #[serde(rename = "type")]
    pub kind: String,
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was refused and why, with the values.
    pub detail: String,
    /// Stable; programs decide by it. A code that is not in the catalogue comes from a newer server.
    pub code: String,
    /// What to do next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// Every single fault, where there are several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Fault>,
}

/// One of several faults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Fault {
    /// In a file, with its place.
    File(resource::file::Fault),
    Stated(Statement),
}

/// A fault without a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Statement {
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(fault) => fault.fmt(f),
            Self::Stated(fault) => f.write_str(&fault.message),
        }
    }
}

impl Problem {
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("{TYPE_BASE}{}", code.as_str()),
            title: code.title().to_owned(),
            status: code.status(),
            detail: detail.into(),
            code: code.as_str().to_owned(),
            hint: None,
            faults: Vec::new(),
        }
    }

    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults = faults;
        self
    }

    /// Whether it has this code.
    pub fn is(&self, code: Code) -> bool {
        self.code == code.as_str()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)?;
        self.faults.iter().try_for_each(|fault| write!(f, "\n  - {fault}"))
    }
}

impl std::error::Error for Problem {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_code_has_a_page_and_every_page_a_code() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/problems");
        let pages: BTreeSet<String> = std::fs::read_dir(&folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| name.strip_suffix(".md").map(str::to_owned))
            .collect();
        let codes: BTreeSet<String> = Code::ALL.iter().map(|it| it.as_str().to_owned()).collect();
        assert_eq!(pages, codes);
        for code in Code::ALL {
            let page = std::fs::read_to_string(folder.join(format!("{}.md", code.as_str()))).unwrap();
            let heading = format!("# {}\n\n`{}`, HTTP {}\n", code.title(), code.as_str(), code.status());
            assert!(page.starts_with(&heading), "{}.md must start with:\n{heading}", code.as_str());
            for part in ["## Meaning", "## Cause", "## Remedy"] {
                assert!(page.contains(part), "{}.md has no `{part}`", code.as_str());
            }
        }
    }

    #[test]
    fn a_problem_reads_back() {
        let problem = Problem::new(Code::DigestMismatch, "sent sha256:…").hint("send it again");
        let json = serde_json::to_string(&problem).unwrap();
        assert_eq!(serde_json::from_str::<Problem>(&json).unwrap(), problem);
        assert_eq!(problem.kind, "https://shipway.dev/problems/digest-mismatch");
    }
}
