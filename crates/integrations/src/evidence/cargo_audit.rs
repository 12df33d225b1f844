//! cargo-audit's JSON: crates of a lock file with RustSec advisories.
//!
//! Severity is the band of the advisory's CVSS score. Warnings (unmaintained, unsound, yanked, notice) are findings
//! of the kind `package` with unknown severity: the database does not rate them.

use serde::Deserialize;
use shipway_model::evidence::{Finding, FindingKind, Normal, Package, Severity};

use super::advisory::{self, cvss, purl};
use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::json::Unique;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format =
    Format { name: "cargo-audit", summary: "cargo-audit's JSON report (`cargo audit --json`).", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    let has = |key: &str| head.text.contains(key);
    match () {
        () if !head.text.starts_with('{') => Sniff::No,
        () if has("\"lockfile\"") && has("\"dependency-count\"") => Sniff::Sure,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Report {
    database: Option<Database>,
    settings: Option<Settings>,
    vulnerabilities: Vulnerabilities,
    warnings: Option<Unique<Gathered<Warned>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Database {
    last_updated: Option<String>,
    last_commit: Option<String>,
}

#[derive(Deserialize)]
struct Settings {
    ignore: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Vulnerabilities {
    list: Gathered<Warned>,
}

#[derive(Deserialize)]
struct Warning {
    kind: Option<String>,
    /// Absent for a crate that was yanked.
    advisory: Option<Advisory>,
    package: Crate,
    versions: Option<Versions>,
}

/// An advisory of RustSec as its tools print it.
#[derive(Deserialize)]
pub(super) struct Advisory {
    pub(super) id: String,
    title: Option<String>,
    date: Option<String>,
    aliases: Option<Vec<String>>,
    cvss: Option<String>,
}

#[derive(Deserialize)]
struct Crate {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Versions {
    patched: Option<Vec<String>>,
}

#[derive(Default)]
struct Warned(Findings);

impl Gather for Warned {
    type Item = Warning;

    fn gather(&mut self, warning: Warning) {
        let Warning { kind, advisory, package, versions } = warning;
        let patched = versions.and_then(|it| it.patched).unwrap_or_default();
        let package = Package {
            purl: purl::make("cargo", &package.name, Some(&package.version)),
            name: package.name,
            version: Some(package.version),
            fixed_in: patched.iter().flat_map(|it| it.split(',')).filter_map(first_fixed).collect(),
            path: Vec::new(),
        };
        let described = advisory.map(Advisory::finding).unwrap_or_default();
        self.0.push(match kind {
            None => Finding { package: Some(package), ..described },
            Some(kind) => Finding {
                id: if described.id.is_empty() { kind } else { described.id },
                kind: FindingKind::Package,
                title: described.title.or_else(|| Some("the crate was yanked".to_owned())),
                package: Some(package),
                ..described
            },
        });
    }
}

/// The version of a requirement that begins at one, such as `>=1.2.3` or `^1.2.3`.
fn first_fixed(requirement: &str) -> Option<String> {
    let requirement = requirement.trim();
    let version = ["^", ">=", "~", "="].iter().find_map(|it| requirement.strip_prefix(it))?;
    Some(version.trim().to_owned())
}

impl Advisory {
    pub(super) fn finding(self) -> Finding {
        let (id, aliases) =
            advisory::name(std::iter::once(self.id).chain(self.aliases.into_iter().flatten()));
        let cvss = self.cvss.as_deref().and_then(cvss::of_vector);
        Finding {
            id,
            aliases,
            kind: FindingKind::Vulnerability,
            severity: cvss.as_ref().and_then(|it| it.score).map_or(Severity::Unknown, Severity::of_score),
            title: self.title.as_deref().map(excerpt),
            cvss,
            published_at: self.date,
            ..Finding::default()
        }
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("cargo-audit".to_owned()), ..Normal::default() };
    let ignored = report.settings.and_then(|it| it.ignore).unwrap_or_default();
    if !ignored.is_empty() {
        let ids = excerpt(&ignored.join(", "));
        normal.remarks.push(format!("cargo-audit was told to leave out {ids}"));
    }
    match report.database.and_then(|it| it.last_updated.or(it.last_commit)) {
        Some(updated) => normal.remarks.push(format!("the advisory database is of {}", excerpt(&updated))),
        None => normal.remarks.push("the advisory database has no date".to_owned()),
    }
    let Gathered(Warned(mut findings)) = report.vulnerabilities.list;
    for Gathered(Warned(warned)) in report.warnings.unwrap_or_default().0.into_values() {
        findings.append(warned);
    }
    findings.finish(&mut normal);
    Ok(normal)
}
