//! OSV-Scanner's JSON: packages of lock files and images with the OSV records that match them.
//!
//! Records that are names of one vulnerability come in groups; a group is one finding. Severity is the band of the
//! newest CVSS vector of its records, else the word that the database gives, else the band of the group's
//! `max_severity`. The call analysis of the scanner tells what is reachable.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipway_model::evidence::{Cvss, Finding, FindingKind, Location, Normal, Package, Severity};

use super::advisory::{self, cvss, purl, severity};
use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::json::Unique;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "osv-scanner",
    summary: "OSV-Scanner's JSON report (`osv-scanner --format json`).",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    let has = |key: &str| head.text.contains(key);
    match () {
        () if !head.text.starts_with('{') || !has("\"results\"") => Sniff::No,
        () if has("\"experimental_config\"") || (has("\"packages\"") && has("\"ecosystem\"")) => Sniff::Sure,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
struct Report {
    results: Gathered<Results>,
}

/// The packages of one file.
#[derive(Deserialize)]
struct Scanned {
    source: Option<Origin>,
    packages: Option<Gathered<Packages>>,
}

#[derive(Deserialize)]
struct Origin {
    path: Option<String>,
}

#[derive(Deserialize)]
struct Affected {
    package: Subject,
    vulnerabilities: Option<Vec<Record>>,
    groups: Option<Vec<Group>>,
    license_violations: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Subject {
    name: Option<String>,
    version: Option<String>,
    ecosystem: Option<String>,
    commit: Option<String>,
}

/// As far as the OSV schema is needed.
#[derive(Deserialize)]
struct Record {
    id: String,
    aliases: Option<Vec<String>>,
    summary: Option<String>,
    details: Option<String>,
    published: Option<String>,
    severity: Option<Vec<Rating>>,
    affected: Option<Vec<Range>>,
    database_specific: Option<DatabaseSpecific>,
}

#[derive(Deserialize)]
struct Rating {
    score: String,
}

#[derive(Deserialize)]
struct Range {
    package: Option<RangePackage>,
    ranges: Option<Vec<Versions>>,
    severity: Option<Vec<Rating>>,
}

#[derive(Deserialize)]
struct RangePackage {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Versions {
    #[serde(rename = "type")]
    kind: Option<String>,
    events: Option<Vec<BTreeMap<String, String>>>,
}

/// Databases put what they like here; only what is text and known is read.
#[derive(Deserialize)]
struct DatabaseSpecific {
    severity: Option<serde_json::Value>,
    cwe_ids: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Group {
    ids: Vec<String>,
    aliases: Option<Vec<String>>,
    max_severity: Option<String>,
    #[serde(rename = "experimentalAnalysis", alias = "experimental_analysis")]
    analysis: Option<Unique<Analysis>>,
}

#[derive(Deserialize)]
struct Analysis {
    called: Option<bool>,
}

#[derive(Default)]
struct Results {
    findings: Findings,
    /// Files without a package count as well: they were scanned.
    files: u64,
}

/// Findings of one file, whose name may follow them.
#[derive(Default)]
struct Packages(Findings);

impl Gather for Results {
    type Item = Scanned;

    fn gather(&mut self, scanned: Scanned) {
        self.files += 1;
        let file = scanned.source.and_then(|it| it.path).unwrap_or_default();
        let mut findings = scanned.packages.unwrap_or_default().0.0;
        findings.complete(|it| {
            it.location = (!file.is_empty()).then(|| Location { file: file.clone(), ..Location::default() });
        });
        self.findings.append(findings);
    }
}

impl Gather for Packages {
    type Item = Affected;

    fn gather(&mut self, affected: Affected) {
        let Affected { package, vulnerabilities, groups, license_violations } = affected;
        let records = vulnerabilities.unwrap_or_default();
        let groups = groups.unwrap_or_else(|| records.iter().map(Group::alone).collect());
        self.0.extend(groups.iter().map(|group| group.finding(&package, &records)));
        self.0.extend(license_violations.into_iter().flatten().map(|licence| Finding {
            title: Some(excerpt(&format!("{licence} is not among the allowed licences"))),
            id: licence,
            kind: FindingKind::Licence,
            package: Some(package.normal(Vec::new())),
            ..Finding::default()
        }));
    }
}

impl Group {
    fn alone(record: &Record) -> Self {
        Self {
            ids: vec![record.id.clone()],
            aliases: record.aliases.clone(),
            max_severity: None,
            analysis: None,
        }
    }

    fn finding(&self, package: &Subject, records: &[Record]) -> Finding {
        let records: Vec<&Record> = records.iter().filter(|it| self.ids.contains(&it.id)).collect();
        let named = records.iter().flat_map(|it| it.aliases.iter().flatten());
        let (id, aliases) =
            advisory::name(self.ids.iter().chain(self.aliases.iter().flatten()).chain(named).cloned());
        let cvss = cvss::newest(records.iter().flat_map(|it| it.scores(package)));
        let described = |it: &&&Record| it.summary.is_some() || it.details.is_some();
        let title = records.iter().find(described).and_then(|it| it.summary.as_ref().or(it.details.as_ref()));
        let mut fixed_in: Vec<String> = records.iter().flat_map(|it| it.fixes(package)).collect();
        fixed_in.sort();
        fixed_in.dedup();
        let mut taxa: Vec<String> = records.iter().flat_map(|it| it.classes()).collect();
        taxa.sort();
        taxa.dedup();
        Finding {
            id,
            aliases,
            kind: FindingKind::Vulnerability,
            severity: self.severity(&records, cvss.as_ref()),
            title: title.map(|it| excerpt(it)),
            cvss,
            package: Some(package.normal(fixed_in)),
            taxa,
            published_at: records.iter().filter_map(|it| it.published.clone()).min(),
            reachable: self.reachable(),
            ..Finding::default()
        }
    }

    fn severity(&self, records: &[&Record], cvss: Option<&Cvss>) -> Severity {
        let word = records.iter().find_map(|it| it.database_specific.as_ref()?.severity.as_ref()?.as_str());
        let group = || {
            self.max_severity
                .as_ref()
                .and_then(|it| it.parse().ok())
                .map_or(Severity::Unknown, Severity::of_score)
        };
        match cvss.and_then(|it| it.score).map_or(Severity::Unknown, Severity::of_score) {
            Severity::Unknown => match severity::of(word, None) {
                Severity::Unknown => group(),
                rated => rated,
            },
            scored => scored,
        }
    }

    /// Called by any analysis that was made, or not called by all of them.
    fn reachable(&self) -> Option<bool> {
        let mut called = self.analysis.as_ref()?.0.values().filter_map(|it| it.called).peekable();
        called.peek()?;
        Some(called.any(|it| it))
    }
}

impl Record {
    fn of<'a>(&'a self, package: &'a Subject) -> impl Iterator<Item = &'a Range> {
        let same =
            |it: &&Range| it.package.as_ref().is_none_or(|it| it.name.is_none() || it.name == package.name);
        self.affected.iter().flatten().filter(same)
    }

    fn scores<'a>(&'a self, package: &'a Subject) -> impl Iterator<Item = Cvss> {
        let own = self.of(package).filter_map(|it| it.severity.as_ref()).chain(&self.severity);
        // Ubuntu rates in words here.
        own.flatten().filter_map(|it| cvss::of_vector(&it.score)).filter(|it| it.score.is_some())
    }

    fn fixes<'a>(&'a self, package: &'a Subject) -> impl Iterator<Item = String> {
        let ranges = self.of(package).flat_map(|it| it.ranges.iter().flatten());
        let versions = ranges.filter(|it| it.kind.as_deref() != Some("GIT"));
        versions.flat_map(|it| it.events.iter().flatten()).filter_map(|it| it.get("fixed").cloned())
    }

    fn classes(&self) -> impl Iterator<Item = String> {
        let listed = self.database_specific.as_ref().and_then(|it| it.cwe_ids.as_ref()?.as_array());
        listed.into_iter().flatten().filter_map(|it| advisory::cwe(it.as_str()?))
    }
}

impl Subject {
    fn normal(&self, fixed_in: Vec<String>) -> Package {
        let name = self.name.clone().unwrap_or_default();
        let version = self.version.clone().filter(|it| !it.is_empty());
        let purl = self.ecosystem.as_deref().and_then(|it| purl::of_ecosystem(it, &name, version.as_deref()));
        Package { purl, name, version: version.or_else(|| self.commit.clone()), fixed_in, path: Vec::new() }
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("osv-scanner".to_owned()), ..Normal::default() };
    if report.results.0.files == 0 {
        // Without `--all-packages` the scanner lists only what it has something to say about.
        normal.remarks.push("no scanned file is listed, only files with findings are".to_owned());
    }
    report.results.0.findings.finish(&mut normal);
    Ok(normal)
}
