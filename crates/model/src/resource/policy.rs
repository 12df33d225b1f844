//! A policy: the gates that a release has to pass, each a requirement over its evidence.
//!
//! A gate asks for what is positively there. Silence, an empty report, or evidence about another digest never
//! satisfies one.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::evidence::{Kind, Severity};
use crate::release::Document;
use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    #[schemars(length(min = 1, max = 100))]
    pub gates: Vec<Gate>,
    /// Whose evidence of a kind counts, by the name on the token; anybody's for kinds that are not named.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub senders: BTreeMap<Kind, BTreeSet<String>>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gate {
    pub name: Name,
    /// The services of the release that it is about; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    pub require: Require,
    /// Evidence that is older than this when it is looked at does not count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<Millis>,
    /// Evidence sent by whoever built the artifact, or created or sealed the release, does not count.
    #[serde(default)]
    pub independent: bool,
    /// Who can supply what is missing; the services' owners when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Name>,
}

/// What a gate asks for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Require {
    /// Tests that ran and passed.
    Tests(Tests),
    /// Code that the tests reached.
    Coverage(Coverage),
    /// Known vulnerabilities below a bound.
    Vulnerabilities(Vulnerabilities),
    /// Licences of everything in it.
    Licences(Licences),
    /// No secret in what was scanned.
    Secrets(Secrets),
    /// Findings of static analysis below a bound.
    Findings(Findings),
    /// Tests that notice when the code is broken.
    Mutation(Mutation),
    /// Technical debt below a bound.
    Debt(Debt),
    /// A load test that held, and is no worse than what runs.
    Load(Load),
    /// Documents that travel with the release.
    Documents(Documents),
    /// A document at its issuer's word: a penetration test, a drill, a certificate, a sign-off.
    Statement(Statement),
    /// Signed proof of how and from what it was built.
    Provenance(Provenance),
    /// Interfaces that break nobody.
    Contracts(Contracts),
    /// Defects that are carried on: looked after, watched, accepted by somebody else, and not for ever.
    #[serde(rename = "known-errors")]
    KnownErrors(KnownErrors),
    /// Tests that say the same when they are run again.
    Flakiness(Flakiness),
    /// Versions that mean something: of the services, and of what they are built from.
    Versions(Versions),
    /// The environment before this one is like it.
    Parity(Parity),
    /// Somebody would notice: dashboards, alerts and traces for every route.
    Monitoring(Monitoring),
    /// The release can be run: runbook, thresholds, vendors, sign-offs.
    Readiness(Readiness),
    /// A rule of your own.
    Rego(Rego),
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Tests {
    /// Of the tests that were not skipped, in percent.
    #[serde(default = "hundred")]
    #[schemars(range(min = 0, max = 100))]
    pub pass_rate: f64,
    /// Suites that must be among those that ran, by name.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub suites: BTreeSet<String>,
    /// A test that fails now must have failed for what runs now too.
    #[serde(default)]
    pub no_new_failures: bool,
    /// Of all tests, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_flaky: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_skipped: Option<f64>,
    /// Fewer tests than this are too few.
    #[serde(default = "one")]
    #[schemars(range(min = 1))]
    pub min_tests: u64,
    /// Whether results of tests in quarantine are left out.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub heed_quarantine: bool,
}

/// Shares in percent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coverage {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub lines: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub branches: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub functions: Option<f64>,
    /// Of the lines that the change touches and that can be covered; asks for a diff among the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub changed: Option<f64>,
    /// By how many percentage points line coverage may be below that of what runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_drop: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own to whoever writes the file")]
pub struct Vulnerabilities {
    /// The lowest severity that blocks.
    #[serde(default = "high")]
    pub severity: Severity,
    /// The lowest CVSS score that blocks, whatever the severity says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 10))]
    pub cvss: Option<f64>,
    /// The lowest exploit prediction that blocks, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 1))]
    pub epss: Option<f64>,
    /// Whether one that is known to be exploited always blocks.
    #[serde(default = "yes")]
    pub known_exploited: bool,
    /// Only those for which there is a fixed version block.
    #[serde(default)]
    pub fixable_only: bool,
    /// Only those that are reachable, or not known to be unreachable, block.
    #[serde(default)]
    pub reachable_only: bool,
    /// Whether findings of unknown severity block.
    #[serde(default = "yes")]
    pub unknown_blocks: bool,
    /// How long after its publication one may go on: a fresh one does not stop everybody at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grace: Option<Millis>,
    /// Whether a VEX statement of `not_affected` or `fixed` clears a finding.
    #[serde(default = "yes")]
    pub vex: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Licences {
    /// SPDX identifiers. Whatever can be had under these alone is allowed; all that is not denied, when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub allow: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub deny: BTreeSet<String>,
    /// Whether a component that says nothing of its licence blocks.
    #[serde(default = "yes")]
    pub unknown_blocks: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Secrets {}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Findings {
    #[serde(default = "high")]
    pub severity: Severity,
    /// Only findings that what runs now does not have block.
    #[serde(default)]
    pub only_new: bool,
    /// As many may stay.
    #[serde(default)]
    pub max: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Mutation {
    /// In percent.
    #[schemars(range(min = 0, max = 100))]
    pub score: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Debt {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_effort: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_issues: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Load {
    /// Of all requests, in percent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_error_rate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_p99: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_p95: Option<Millis>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_requests: Option<u64>,
    /// Errors and latency are compared with the load test of what runs now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regression: Option<Regression>,
    /// The share of the data and of the requests a second that the environment declares as its `scale`, in percent, from
    /// which a load test counts as like it; 50 when absent. What falls short is told, and left to the canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub like_for_like: Option<f64>,
}

/// When a load test counts as worse than the one before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Regression {
    /// How many times as much is still no harm.
    #[serde(default = "tenth_more")]
    #[schemars(range(min = 1))]
    pub margin: f64,
    /// The chance of stopping a release that is within the margin.
    #[serde(default = "one_percent")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Documents {
    #[schemars(length(min = 1))]
    pub all: BTreeSet<Document>,
    /// Whether the rollback package must be one that can be read, and name for every service that would be replaced the
    /// version and the artifact that runs.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback_fits: bool,
    /// Whether the way back must have been tried with exactly that rollback package: `shipway rollback try` writes what came
    /// of it as a test report, which is attached to the release.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rollback_tried: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement {
    /// As it was attached, such as `penetration-test`.
    pub kind: Name,
    /// Who may issue it; anybody when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub issuers: BTreeSet<String>,
    /// Whether a key that a TrustRoot lets sign for the issuer must have signed it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub signed: bool,
}

/// Who may have built it, and from what. Every list that is not empty must be met by one and the same attestation,
/// whose signature holds and among whose subjects is the artifact.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provenance {
    /// TrustRoots whose keys count; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub roots: BTreeSet<Name>,
    /// Identities that certificates of keyless signatures give, exactly or by their beginning with `*` at the end, each as
    /// `ISSUER#SUBJECT`. Signatures with keys do not count when there are any.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub identities: BTreeSet<String>,
    /// Builder ids, exactly; one that ends in `*` covers what begins with the rest.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub builders: BTreeSet<String>,
    /// Source repositories in the same way, such as `https://github.com/example/shop`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub repositories: BTreeSet<String>,
    /// References in the same way, such as `refs/heads/main` and `refs/tags/v*`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub references: BTreeSet<String>,
    /// The lowest SLSA build level. Provenance does not state its own: it is that of the builder in `levels`, or what a
    /// signed verification summary says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 4))]
    pub level: Option<u8>,
    /// By builder id: the level at which it is known to work.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub levels: BTreeMap<String, u8>,
    /// Whether the commit that it was built from must be the one that the artifact was registered with.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub same_commit: bool,
}

/// A service's interface compared with that of what runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Contracts {
    /// Whether a new major version may break what the old one promised.
    #[serde(default = "yes")]
    pub major_may_break: bool,
    /// Rules that do not count here, by their ids.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignore: BTreeSet<String>,
    /// Whether a warning blocks like an error.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub warnings_block: bool,
    /// Whether the pacts with whatever else runs there, or is on its way there, must have been verified.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub pacts: bool,
}

/// A test is flaky when it has passed and failed on the same artifact. Quarantined tests are left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Flakiness {
    /// As many may be flaky.
    #[serde(default)]
    pub max: u64,
    /// How sure it has to be that a test disagrees with itself more often than `rate`, 0 to 1.
    #[serde(default = "ninety_five_percent")]
    #[schemars(range(min = 0.5, max = 0.999999))]
    pub confidence: f64,
    /// The share of disagreeing runs that is put up with, 0 to 1.
    #[serde(default = "one_percent")]
    #[schemars(range(min = 0, max = 0.5))]
    pub rate: f64,
}

/// Versions across a release, by its bills of materials.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Versions {
    /// Whether versions of services must be semantic, and higher than what runs.
    #[serde(default = "yes")]
    pub semantic: bool,
    /// Whether every component must have one exact version.
    #[serde(default = "yes")]
    pub pinned: bool,
    /// Components that all services of the release must have in the same version, by name or by package URL without a
    /// version; one that ends in `*` covers what begins with the rest.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aligned: BTreeSet<String>,
    /// Components that may not be used from a day on.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub deprecated: Vec<Deprecated>,
}

/// A component that is on its way out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Deprecated {
    /// By name or by package URL without a version; one that ends in `*` covers what begins with the rest.
    pub component: String,
    /// Only versions below this one; every version when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<String>,
    /// Until then it is only told.
    pub from: Timestamp,
    /// For people, such as what to use instead.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
}

/// Differences between the environment that a release comes from and the one that it goes to. A waiver for a finding, named
/// like `settings/checkout/LOG_LEVEL`, accepts one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Parity {
    /// Differences that are meant to be, by name; one that ends in `*` covers what begins with the rest.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub ignore: BTreeSet<String>,
}

/// What a service declares under `monitoring`, against the routes of its interface.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a question of its own to whoever writes the file")]
pub struct Monitoring {
    #[serde(default = "yes")]
    pub dashboards: bool,
    #[serde(default = "yes")]
    pub alerts: bool,
    #[serde(default = "yes")]
    pub traces: bool,
    /// Whether every route of the attached contracts must be covered, and not the service alone.
    #[serde(default = "yes")]
    pub routes: bool,
    /// Whether each declared alert must be an alerting rule that a Prometheus among the environment's metric sources has
    /// loaded, and each declared dashboard one of the environment's Grafana, if it names one. They are asked when the gate
    /// is, and looked at again for as long as something waits behind it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub loaded: bool,
}

/// What must be there before somebody is woken at night for it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Readiness {
    /// Headings that the runbook of the release must have with something below them, in any case of letters.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub runbook: BTreeSet<String>,
    /// Whether every declared alert must state its threshold.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub thresholds: bool,
    /// Whether every vendor that a service needs must be declared with somebody to call.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vendors: bool,
    /// Sign-offs at somebody's word, such as `backup-restored`; those that have not expired count.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub statements: BTreeSet<Name>,
}

/// Every known error of the release has been accepted by somebody who did not make the release, and has not expired.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct KnownErrors {
    /// As many may be carried on; any number when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<u64>,
    /// Whether one of what runs now may be missing from the release without being said to be mended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub may_drop: bool,
}

/// A Rego module. It says yes by `allow := true` and no by sentences in `deny`; it sees the facts as `input`.
/// An undefined or empty answer is a no.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rego {
    /// The module's text, with its `package`.
    pub module: String,
    /// Further modules with packages of their own, which it imports; their names are for people.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 50))]
    pub libraries: BTreeMap<String, String>,
    /// Seen as `data.parameters`.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "crate::json::sorted_values"
    )]
    pub parameters: BTreeMap<String, serde_json::Value>,
}

fn hundred() -> f64 {
    100.0
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

fn high() -> Severity {
    Severity::High
}

fn tenth_more() -> f64 {
    1.1
}

fn is_yes(it: &bool) -> bool {
    *it
}

fn ninety_five_percent() -> f64 {
    0.95
}

fn one_percent() -> f64 {
    0.01
}

impl Require {
    /// The word that files, answers and waivers use.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Tests(_) => "tests",
            Self::Coverage(_) => "coverage",
            Self::Vulnerabilities(_) => "vulnerabilities",
            Self::Licences(_) => "licences",
            Self::Secrets(_) => "secrets",
            Self::Findings(_) => "findings",
            Self::Mutation(_) => "mutation",
            Self::Debt(_) => "debt",
            Self::Load(_) => "load",
            Self::Documents(_) => "documents",
            Self::Statement(_) => "statement",
            Self::Provenance(_) => "provenance",
            Self::Contracts(_) => "contracts",
            Self::KnownErrors(_) => "known-errors",
            Self::Flakiness(_) => "flakiness",
            Self::Versions(_) => "versions",
            Self::Parity(_) => "parity",
            Self::Monitoring(_) => "monitoring",
            Self::Readiness(_) => "readiness",
            Self::Rego(_) => "rego",
        }
    }
}
