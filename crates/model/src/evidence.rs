//! Evidence in its normal form: what a tool found, in words that no longer depend on the tool.
//!
//! The field names are a promise to scripts and policies (snake_case; see `docs/evidence.md`). A part that the
//! document did not speak of is absent, which is not the same as empty or zero: a gate must never read silence
//! as a pass. Durations are seconds, latencies milliseconds, ratios are never stored (they follow from counts).

use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Digest;
use crate::attestation::{Attestation, Seal};
use crate::contract::Contract;

/// A document as the ledger knows it: what it is about, under which digests it is kept, and who vouches for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Attachment {
    /// The artifact that was looked at, or those that were looked at together; a release by its own digest.
    /// It counts for exactly these.
    pub subject: BTreeSet<Digest>,
    /// Of the bytes as they were sent.
    pub original: Digest,
    pub size_bytes: u64,
    /// The format's name, such as `junit`, or [`STATEMENT`].
    pub format: String,
    /// Of the normal form's JSON; a statement has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub normal: Option<Digest>,
    /// What the normal form speaks of.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub kinds: BTreeSet<Kind>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<String>,
    /// For documents that no reader understands: what a person or a firm says with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub statement: Option<Word>,
    /// Whose signature over the statement holds; absent where none was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal: Option<Seal>,
}

/// The format of documents that are taken at their issuer's word.
pub const STATEMENT: &str = "statement";

/// What a document says that only people can read: a penetration test, a certificate, a drill, a sign-off.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Word {
    /// Such as `penetration-test`; gates ask for it by this name.
    pub kind: crate::Name,
    /// Who says so.
    pub issuer: String,
    /// What exactly it covers.
    pub scope: String,
    /// After this it counts no more.
    pub expires: Timestamp,
}

/// What is signed where a [`Word`] is: the word, the document and what it is about, so that a signature counts for nothing
/// else. Its bytes are canonical JSON (RFC 8785): the fields stand in the order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SignedWord {
    /// Of the document's bytes.
    pub document: Digest,
    pub domain: Domain,
    pub expires: Timestamp,
    pub issuer: String,
    pub kind: crate::Name,
    pub scope: String,
    pub subject: BTreeSet<Digest>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Domain {
    #[default]
    #[serde(rename = "evidence@shipway.dev")]
    Evidence,
}

/// The namespace of these signatures (`ssh-keygen -Y verify -n`), so that no other protocol's can pass for one.
pub const NAMESPACE: &str = "evidence@shipway.dev";

impl SignedWord {
    pub fn new(word: &Word, document: Digest, subject: BTreeSet<Digest>) -> Self {
        let Word { kind, issuer, scope, expires } = word.clone();
        Self { document, domain: Domain::Evidence, expires, issuer, kind, scope, subject }
    }

    /// The bytes that are signed, and nothing else.
    pub fn bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("texts and instants always have a JSON form")
    }
}

/// The format of documents that the control plane makes itself from what was imported about vulnerabilities.
pub const KNOWLEDGE: &str = "knowledge";

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

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Tests {
    /// Counted from the cases where there are any; a case that was rerun counts once, by its last result.
    pub total: u64,
    pub passed: u64,
    pub failed: u64,
    pub errors: u64,
    pub skipped: u64,
    /// Passed only after a failure in the same run. They are among `passed`.
    pub flaky: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    pub cases: Vec<Case>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Case {
    pub suite: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<String>,
    pub name: String,
    pub result: CaseResult,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub flaky: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    /// The first lines of what a failure said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseResult {
    Passed,
    Failed,
    Error,
    Skipped,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Ratio>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branches: Option<Ratio>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Ratio>,
    pub files: Vec<FileCoverage>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    pub covered: u64,
    pub total: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FileCoverage {
    pub path: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<Ratio>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub branches: Option<Ratio>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub functions: Option<Ratio>,
    /// How often each line that can be covered was run, where the format tells lines apart.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub hits: BTreeMap<u32, u64>,
}

/// What a change does to one file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileChange {
    /// As it is called after the change; as before it where the file is removed.
    pub path: String,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// The lines that are new or not what they were, by their numbers after the change.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineRange>,
}

/// Lines from `first` to `last`, both included, counted from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LineRange {
    pub first: u32,
    pub last: u32,
}

/// One vulnerability, secret, licence fault, static finding or issue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finding {
    /// The most widely known identifier: a CVE before a GHSA before the tool's own rule.
    pub id: String,
    /// Other names of the same.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    pub kind: FindingKind,
    pub severity: Severity,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cvss: Option<Cvss>,
    /// Exploit prediction, 0 to 1, where the document has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub epss: Option<f64>,
    /// Whether it is known to be exploited, where the document says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub known_exploited: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub package: Option<Package>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub location: Option<Location>,
    /// The tool or a person set it aside within the document.
    #[serde(default)]
    pub suppressed: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suppression: Option<String>,
    /// The VEX status that the document itself gives.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vex: Option<Vex>,
    /// The same finding in another run has the same fingerprint, where the tool gives one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// Classes such as `CWE-79`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub taxa: Vec<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reachable: Option<bool>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    Vulnerability,
    Secret,
    Licence,
    #[default]
    Static,
    Misconfiguration,
    /// A package that is unmaintained, yanked, banned or from a forbidden source.
    Package,
}

/// Ordered: a threshold compares with it.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The document does not say; a gate treats it as it was told to, never as harmless by itself.
    #[default]
    Unknown,
    None,
    Low,
    Medium,
    High,
    Critical,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    pub critical: u64,
    pub high: u64,
    pub medium: u64,
    pub low: u64,
    pub none: u64,
    pub unknown: u64,
    /// Set aside within the document; in no other count.
    pub suppressed: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Cvss {
    /// `2.0`, `3.0`, `3.1` or `4.0`.
    pub version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<String>,
    /// As the document says, else computed from the vector.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Package {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The first versions that are no longer affected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed_in: Vec<String>,
    /// From the document's subject to the package, where it says how it got in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub path: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Location {
    pub file: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_line: Option<u64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Vex {
    pub status: VexStatus,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub justification: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    NotAffected,
    Affected,
    Fixed,
    UnderInvestigation,
}

/// What a VEX document says about a vulnerability in some products.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Statement {
    pub vulnerability: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Package URLs, digests or the document's own product ids.
    pub products: Vec<String>,
    /// The components within the products that it is about.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subcomponents: Vec<String>,
    #[serde(flatten)]
    pub vex: Vex,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Component {
    /// What `dependencies` calls it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purl: Option<String>,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// SPDX expressions or names, as they stand in the document.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub licenses: Vec<String>,
    /// By algorithm as `sha256`, in lower-case hex.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub digests: BTreeMap<String, String>,
    /// `library`, `application`, `container`, ….
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supplier: Option<String>,
}

/// A package URL without its version, qualifiers and subpath (ECMA-427: `scheme:type/namespace/name@version?qualifiers#subpath`).
pub fn package_without_version(purl: &str) -> &str {
    let end = purl.find(['?', '#']).unwrap_or(purl.len());
    let path = &purl[..end];
    // A version stands behind the name; an `@` before the last `/` belongs to a scope that somebody did not encode.
    let name = path.rfind('/').map_or(0, |it| it + 1);
    path[name..].find('@').filter(|it| *it > 0).map_or(path, |it| &path[..name + it])
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Load {
    pub requests: u64,
    pub errors: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rps: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<f64>,
    pub latency_ms: LatencyMs,
    /// Single latencies, where the document has them: an even sample of at most 10,000.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub sample_ms: Vec<f64>,
    /// Requests within and beyond bounds: upper bounds and counts, one count more than bounds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub histogram_ms: Option<Histogram>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    /// Thresholds and checks of the tool itself: name and whether they held.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub thresholds: BTreeMap<String, bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LatencyMs {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p50: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p75: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p90: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p99: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Histogram {
    pub bounds: Vec<f64>,
    pub counts: Vec<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mutation {
    pub killed: u64,
    pub survived: u64,
    pub timeout: u64,
    pub no_coverage: u64,
    /// Mutants that do not compile or were set aside; in no score.
    pub ignored: u64,
    /// (killed + timeout) ÷ (killed + timeout + survived + no_coverage), 0 to 1; absent without mutants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// Those that survived or were not covered.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub survivors: Vec<Mutant>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mutant {
    pub location: Location,
    /// What was changed.
    pub mutation: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Debt {
    pub issues: u64,
    /// Effort to mend everything, in minutes, as the tool estimates it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effort_minutes: Option<u64>,
    pub bugs: u64,
    pub vulnerabilities: u64,
    pub smells: u64,
}

impl Attachment {
    /// What it speaks of, in the words of a token's scope: kinds of the normal form, or the kind of a statement.
    pub fn kind_names(&self) -> BTreeSet<String> {
        let of_statement = self.statement.iter().map(|it| it.kind.to_string());
        self.kinds.iter().map(|it| it.as_str().to_owned()).chain(of_statement).collect()
    }
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

impl Counts {
    /// Counts the findings as the normal form promises.
    pub fn of(findings: &[Finding]) -> Self {
        let mut counts = Self::default();
        findings.iter().for_each(|it| counts.add(it));
        counts
    }

    pub fn add(&mut self, finding: &Finding) {
        let count = match finding.severity {
            _ if finding.suppressed => &mut self.suppressed,
            Severity::Critical => &mut self.critical,
            Severity::High => &mut self.high,
            Severity::Medium => &mut self.medium,
            Severity::Low => &mut self.low,
            Severity::None => &mut self.none,
            Severity::Unknown => &mut self.unknown,
        };
        *count += 1;
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.critical += other.critical;
        self.high += other.high;
        self.medium += other.medium;
        self.low += other.low;
        self.none += other.none;
        self.unknown += other.unknown;
        self.suppressed += other.suppressed;
    }
}

impl Severity {
    /// The qualitative rating of a CVSS score (the same bands in versions 3 and 4; version 2 has no critical).
    pub fn of_score(score: f64) -> Self {
        match score {
            s if s >= 9.0 => Self::Critical,
            s if s >= 7.0 => Self::High,
            s if s >= 4.0 => Self::Medium,
            s if s > 0.0 => Self::Low,
            0.0 => Self::None,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::package_without_version;

    #[test]
    fn packages_are_one_whatever_their_version() {
        for (purl, package) in [
            ("pkg:npm/%40shop/money@1.2.0", "pkg:npm/%40shop/money"),
            ("pkg:npm/@shop/money@1.2.0?arch=x#lib/a", "pkg:npm/@shop/money"),
            ("pkg:npm/@shop", "pkg:npm/@shop"),
            ("pkg:maven/org.example/money?type=jar", "pkg:maven/org.example/money"),
            ("pkg:cargo/money", "pkg:cargo/money"),
            ("", ""),
        ] {
            assert_eq!(package_without_version(purl), package, "{purl}");
        }
    }
}
