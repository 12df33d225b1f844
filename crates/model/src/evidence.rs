//! Evidence in its normal form: what a tool found, in words that no longer depend on the tool.
//!
//! The field names are a promise to scripts and policies (snake_case; see `docs/evidence.md`). A part that the
//! document did not speak of is absent, which is not the same as empty or zero: a gate must never read silence
//! as a pass. Durations are seconds, latencies milliseconds, ratios are never stored (they follow from counts).

mod attachment;
mod component;
mod coverage;
mod digests;
mod finding;
mod run;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::attestation::Attestation;
use crate::contract::Contract;

pub use self::attachment::{Attachment, Domain, KNOWLEDGE, NAMESPACE, Ran, STATEMENT, SignedWord, Word};
pub use self::component::{Component, package_without_version};
pub use self::coverage::{Coverage, FileChange, FileCoverage, LineRange, Ratio};
pub use self::digests::Digests;
pub use self::finding::{
    Counts, Cvss, Finding, FindingKind, Location, Package, Severity, Statement, Vex, VexStatus,
};
pub use self::run::{Case, CaseResult, Debt, Histogram, LatencyMs, Load, Mutant, Mutation, Tests};

/// A part of the normal form. What a machine may send is said in these words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    Tests,
    Coverage,
    Findings,
    Components,
    Statements,
    Load,
    Mutation,
    Debt,
    Changes,
    /// What somebody signed: provenance, verification summaries.
    Attestations,
    Contracts,
}

/// One document in normal form. Several parts may be there: a CycloneDX file has components and findings.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Normal {
    /// The format's name in the table of formats, such as `junit`.
    pub format: String,
    /// The format's own version, such as `1.5` of CycloneDX.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub format_version: Option<String>,
    /// The tool that wrote it, as far as it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_version: Option<String>,
    /// When it was made, RFC 3339, as far as it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// What the document says it is about: a package URL, an image, a file, a digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tests: Option<Tests>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coverage: Option<Coverage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub findings: Option<Vec<Finding>>,
    /// Findings by severity; suppressed ones are not counted. Present exactly when `findings` is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counts: Option<Counts>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub components: Option<Vec<Component>>,
    /// Edges by component reference: what each depends on directly.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dependencies: Option<BTreeMap<String, Vec<String>>>,
    /// Statements about whether a vulnerability affects a product (VEX).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statements: Option<Vec<Statement>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mutation: Option<Mutation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub debt: Option<Debt>,
    /// What a change touches, file by file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changes: Option<Vec<FileChange>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attestations: Option<Vec<Attestation>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contracts: Option<Vec<Contract>>,
    /// What was read but left out of the lists above because they reached their limit, by part.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub omitted: BTreeMap<String, u64>,
    /// What the reader noticed and a person should know, such as counts that contradict the cases.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Tests => "tests",
            Self::Coverage => "coverage",
            Self::Findings => "findings",
            Self::Components => "components",
            Self::Statements => "statements",
            Self::Load => "load",
            Self::Mutation => "mutation",
            Self::Debt => "debt",
            Self::Changes => "changes",
            Self::Attestations => "attestations",
            Self::Contracts => "contracts",
        }
    }
}

impl Normal {
    /// What it speaks of.
    pub fn kinds(&self) -> BTreeSet<Kind> {
        let all = [
            (Kind::Tests, self.tests.is_some()),
            (Kind::Coverage, self.coverage.is_some()),
            (Kind::Findings, self.findings.is_some()),
            (Kind::Components, self.components.is_some()),
            (Kind::Statements, self.statements.is_some()),
            (Kind::Load, self.load.is_some()),
            (Kind::Mutation, self.mutation.is_some()),
            (Kind::Debt, self.debt.is_some()),
            (Kind::Changes, self.changes.is_some()),
            (Kind::Attestations, self.attestations.is_some()),
            (Kind::Contracts, self.contracts.is_some()),
        ];
        all.into_iter().filter_map(|(kind, is_there)| is_there.then_some(kind)).collect()
    }
}
