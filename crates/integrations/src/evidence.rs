//! Evidence: the tools' own files, read into [`shipway_model::evidence::Normal`].
//!
//! One file a format and its entry in [`ALL`]. A reader is a pure function over a stream of bytes: it reads the
//! whole document or refuses it with the place of the fault, keeps memory bounded by what the normal form keeps
//! (never the input), and does not resolve entities, follow links or open files.

pub(crate) mod advisory;
mod attestation;
mod cargo_audit;
mod cargo_deny;
mod cargo_mutants;
mod clean;
mod cobertura;
mod contract;
mod counted;
mod csaf;
mod cyclonedx;
mod detect;
mod gathered;
mod git_diff;
mod gitleaks;
mod gocover;
mod grype;
mod hey;
mod input;
mod jacoco;
mod jmeter;
mod json;
mod junit;
mod k6;
mod k6_lines;
mod latencies;
mod lcov;
mod lines;
mod mutants;
mod npm_audit;
mod openvex;
mod osv_scanner;
mod pit;
mod remarks;
mod sarif;
mod sonarqube;
mod source;
mod spdx;
mod stryker;
mod tally;
mod trivy;
mod trufflehog;
mod weight;
mod wrk;
mod xml;

use std::fmt;

use shipway_model::evidence::Normal;

pub(crate) use clean::{attestation as clean_attestation, finding as clean_finding};
pub use input::DOCUMENT_BYTES_MAX;
pub use source::Source;

/// What the table knows about a format.
#[derive(Debug, Clone, Copy)]
pub struct Format {
    /// Its name, as `--format` takes it and the file is called.
    pub name: &'static str,
    /// One sentence for the docs.
    pub summary: &'static str,
    /// How sure a look at the first [`HEAD_BYTES`] bytes makes that a document is of this format.
    pub sniff: fn(&Head<'_>) -> Sniff,
    /// Reads a document to its end.
    pub read: fn(Source<'_>) -> Result<Normal, Fault>,
}

/// The beginning of a document, prepared once for every format's look.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// As UTF-8, with what is not replaced; a byte-order mark and leading white space are gone.
    pub text: &'a str,
    /// The name of the file, if it came from one. A hint for formats that content alone cannot tell apart.
    pub file_name: Option<&'a str>,
}

/// The surest format wins; a tie between two is refused with both names and `--format`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sniff {
    No,
    /// It has the shape, as other formats may.
    Maybe,
    /// It has marks that this format alone has.
    Sure,
}

/// Why a document was refused. Nothing of it is kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// Counted from 1; absent where the place is the document as a whole.
    pub place: Option<Place>,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    pub column: u64,
}

/// How much of a document a format may look at to recognise it.
pub const HEAD_BYTES: usize = 64 * 1024;
/// Most entries that one list of a normal form keeps; what is beyond is counted under `omitted`.
pub const ENTRIES_MAX: usize = 500_000;
/// Most memory that the entries of one list may take, in bytes; what is beyond is counted under `omitted` too. It holds more than
/// any forge takes in of a report (GitHub 25,000 results a run), and a document has few long lists.
pub const LIST_BYTES_MAX: usize = 48 << 20;
/// Longest text that a normal form keeps of a message, in characters.
pub const MESSAGE_CHARS_MAX: usize = 2_000;

/// Every format, in the order of their names.
pub const ALL: &[Format] = &[
    attestation::FORMAT,
    cargo_audit::FORMAT,
    cargo_deny::FORMAT,
    cargo_mutants::FORMAT,
    cobertura::FORMAT,
    contract::FORMAT,
    csaf::FORMAT,
    cyclonedx::FORMAT,
    git_diff::FORMAT,
    gitleaks::FORMAT,
    gocover::FORMAT,
    grype::FORMAT,
    hey::FORMAT,
    jacoco::FORMAT,
    jmeter::FORMAT,
    junit::FORMAT,
    k6::FORMAT,
    k6_lines::FORMAT,
    lcov::FORMAT,
    npm_audit::FORMAT,
    openvex::FORMAT,
    osv_scanner::FORMAT,
    pit::FORMAT,
    sarif::FORMAT,
    sonarqube::FORMAT,
    spdx::FORMAT,
    stryker::FORMAT,
    trivy::FORMAT,
    trufflehog::FORMAT,
    wrk::FORMAT,
];

/// Reads a document of the given format, or of the one that its beginning shows. It may be compressed with gzip, and
/// be UTF-8, UTF-16, or in what its XML declaration says.
///
/// # Errors
/// Its format is not known or not certain, or it is not a whole and sound document of that format.
pub fn read(
    mut source: Source<'_>,
    file_name: Option<&str>,
    format: Option<&Format>,
) -> Result<Normal, Fault> {
    let mut read = || {
        let (head, mut text) = input::peek(input::open(&mut source)?, HEAD_BYTES)?;
        if head.is_empty() {
            return Err(Fault::new("the document is empty"));
        }
        let head = String::from_utf8_lossy(&head);
        let format = match format {
            Some(format) => format,
            None => detect::detect(&Head::new(&head, file_name))?,
        };
        (format.read)(Source::new(&mut text))
    };
    read().map(clean::document).map_err(clean::fault)
}

/// The JSON Schema (2020-12) of the normal form.
pub fn schema() -> schemars::Schema {
    schemars::schema_for!(Normal)
}

/// The format of this name.
///
/// # Errors
/// There is none; the fault names those that there are.
pub fn find(name: &str) -> Result<&'static Format, Fault> {
    ALL.iter().find(|it| it.name == name).ok_or_else(|| {
        let known: Vec<_> = ALL.iter().map(|it| it.name).collect();
        Fault::new(format!("there is no format `{name}`; there are {}", known.join(", ")))
    })
}

impl Fault {
    pub fn new(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }

    pub fn at(line: u64, column: u64, message: impl Into<String>) -> Self {
        Self { place: Some(Place { line, column }), message: message.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some(Place { line, column }) => write!(f, "line {line}, column {column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}
