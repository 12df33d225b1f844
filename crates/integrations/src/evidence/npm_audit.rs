//! npm's audit reports: version 1 (npm 6, Yarn 1 in part) and version 2 (npm 7 and later).
//!
//! Version 2 lists packages, of which some are affected only through others: a finding is an advisory and the package
//! that it is on. What the two versions call `info` is none, `moderate` medium. An answer of npm that it could not audit
//! is refused: it is JSON as well.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use shipway_model::evidence::{Finding, FindingKind, Normal, Package};

use super::advisory::{self, cvss, purl, severity};
use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::remarks::remark;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format = Format {
    name: "npm-audit",
    summary: "npm's audit report (`npm audit --json`), versions 1 and 2.",
    sniff,
    read,
};

fn sniff(head: &Head<'_>) -> Sniff {
    match () {
        () if head.has_keys(&["auditReportVersion"]) => Sniff::Sure,
        () if head.has_keys(&["advisories", "actions"]) || head.has_keys(&["advisories", "muted"]) => {
            Sniff::Sure
        }
        () if head.has_keys(&["advisories", "module_name"]) => Sniff::Maybe,
        // Refused when read, with what npm says.
        () if head.has_keys(&["error", "summary"]) => Sniff::Maybe,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    audit_report_version: Option<u64>,
    vulnerabilities: Option<Gathered<Packages>>,
    advisories: Option<Gathered<Advisories>>,
    metadata: Option<Metadata>,
    message: Option<String>,
    error: Option<Refusal>,
}

#[derive(Deserialize)]
struct Refusal {
    summary: Option<String>,
}

#[derive(Deserialize)]
struct Metadata {
    vulnerabilities: Option<BTreeMap<String, u64>>,
}

/// A package of version 2.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Affected {
    name: String,
    via: Vec<Cause>,
    nodes: Option<Vec<String>>,
    fix_available: Option<Fix>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Cause {
    /// Another package of the list.
    Package(String),
    Advisory(Box<Via>),
}

#[derive(Deserialize)]
struct Via {
    source: Option<serde_json::Value>,
    name: String,
    title: Option<String>,
    url: Option<String>,
    severity: Option<String>,
    cwe: Option<Classes>,
    cvss: Option<Score>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Classes {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Score {
    score: Option<f64>,
    vector_string: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Fix {
    Is { name: String, version: String },
    Else(serde::de::IgnoredAny),
}

/// An advisory of version 1.
#[derive(Deserialize)]
struct Advisory {
    id: Option<u64>,
    module_name: String,
    title: Option<String>,
    severity: Option<String>,
    cves: Option<Vec<String>>,
    github_advisory_id: Option<String>,
    url: Option<String>,
    cwe: Option<Classes>,
    cvss: Option<Score>,
    patched_versions: Option<String>,
    findings: Option<Vec<Occurrence>>,
}

#[derive(Deserialize)]
struct Occurrence {
    version: Option<String>,
    paths: Option<Vec<String>>,
}

#[derive(Default)]
struct Packages {
    findings: Findings,
    remarks: Vec<String>,
}

#[derive(Default)]
struct Advisories(Findings);

impl Gather for Packages {
    type Item = Affected;

    fn gather(&mut self, affected: Affected) {
        let Affected { name, via, nodes, fix_available } = affected;
        let fixed_in = match fix_available {
            // Else it is the version of a package that brings this one in.
            Some(Fix::Is { name: fixed, version }) if fixed == name => vec![version],
            _ => Vec::new(),
        };
        let (mut seen, mut through) = (BTreeSet::new(), Vec::new());
        for cause in via {
            let via = match cause {
                Cause::Advisory(via) => via,
                Cause::Package(other) => {
                    through.push(other);
                    continue;
                }
            };
            let finding = via.finding(&fixed_in, nodes.as_deref().unwrap_or_default());
            // One advisory with several ranges of versions comes several times.
            if seen.insert(finding.id.clone()) {
                self.findings.push(finding);
            }
        }
        if seen.is_empty() && !through.is_empty() {
            remark(&mut self.remarks, || {
                excerpt(&format!("{name} is affected only through {}", through.join(", ")))
            });
        }
    }
}

impl Via {
    fn finding(self, fixed_in: &[String], nodes: &[String]) -> Finding {
        let source = self.source.map(|it| it.to_string().trim_matches('"').to_owned());
        let (id, aliases) =
            advisory::name(self.url.as_deref().and_then(ghsa).into_iter().chain(source.clone()));
        let cvss = self.cvss.and_then(Score::cvss);
        Finding {
            aliases: aliases.into_iter().filter(|it| Some(it) != source.as_ref()).collect(),
            id,
            kind: FindingKind::Vulnerability,
            severity: severity::of(self.severity.as_deref(), cvss.as_ref().and_then(|it| it.score)),
            title: self.title.as_deref().map(excerpt),
            cvss,
            package: Some(Package {
                purl: purl::make("npm", &self.name, None),
                name: self.name,
                fixed_in: fixed_in.to_vec(),
                path: nodes.first().map(|it| way(it)).unwrap_or_default(),
                ..Package::default()
            }),
            taxa: self.cwe.map(Classes::names).unwrap_or_default(),
            ..Finding::default()
        }
    }
}

impl Gather for Advisories {
    type Item = Advisory;

    fn gather(&mut self, advisory: Advisory) {
        let number = advisory.id.map(|it| it.to_string());
        let known = advisory.cves.into_iter().flatten();
        let known = known.chain(advisory.github_advisory_id).chain(advisory.url.as_deref().and_then(ghsa));
        let (id, aliases) = advisory::name(known);
        let cvss = advisory.cvss.and_then(Score::cvss);
        let patched = advisory.patched_versions.filter(|it| it != "<0.0.0").unwrap_or_default();
        let ranges = patched.split("||").filter_map(|it| it.trim().strip_prefix(">="));
        let fixed_in: Vec<String> =
            ranges.filter_map(|it| it.split_whitespace().next()).map(str::to_owned).collect();
        let described = Finding {
            id: if id.is_empty() { number.unwrap_or_default() } else { id },
            aliases,
            kind: FindingKind::Vulnerability,
            severity: severity::of(advisory.severity.as_deref(), cvss.as_ref().and_then(|it| it.score)),
            title: advisory.title.as_deref().map(excerpt),
            cvss,
            taxa: advisory.cwe.map(Classes::names).unwrap_or_default(),
            ..Finding::default()
        };
        // One for each installed version.
        for Occurrence { version, paths } in advisory.findings.into_iter().flatten() {
            let way = paths.into_iter().flatten().next().unwrap_or_default();
            let package = Package {
                purl: purl::make("npm", &advisory.module_name, version.as_deref()),
                name: advisory.module_name.clone(),
                version,
                fixed_in: fixed_in.clone(),
                path: way
                    .rsplit_once('>')
                    .map_or_else(Vec::new, |it| it.0.split('>').map(str::to_owned).collect()),
            };
            self.0.push(Finding { package: Some(package), ..described.clone() });
        }
    }
}

impl Score {
    /// npm writes a score of 0 without a vector where there is none.
    fn cvss(self) -> Option<shipway_model::evidence::Cvss> {
        let score = self.score.filter(|it| *it > 0.0 || self.vector_string.is_some());
        cvss::of(None, self.vector_string.as_deref(), score)
    }
}

impl Classes {
    fn names(self) -> Vec<String> {
        let all = match self {
            Self::One(class) => vec![class],
            Self::Several(classes) => classes,
        };
        all.iter().filter_map(|it| advisory::cwe(it)).collect()
    }
}

fn ghsa(url: &str) -> Option<String> {
    url.rsplit('/').next().filter(|it| it.starts_with("GHSA-")).map(str::to_owned)
}

/// The packages within which one is installed: `a` for `node_modules/a/node_modules/@b/c`.
fn way(node: &str) -> Vec<String> {
    let mut names: Vec<String> =
        node.split("node_modules/").map(|it| it.trim_end_matches('/').to_owned()).collect();
    names.pop();
    names.retain(|it| !it.is_empty());
    names
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal =
        Normal { format: FORMAT.name.to_owned(), tool: Some("npm".to_owned()), ..Normal::default() };
    let (version, findings) = match (report.audit_report_version, report.vulnerabilities, report.advisories) {
        (Some(2), Some(Gathered(packages)), _) => {
            normal.remarks = packages.remarks;
            ("2", packages.findings)
        }
        (None, None, Some(Gathered(Advisories(findings)))) => ("1", findings),
        (Some(version), ..) if version != 2 => {
            return Err(Fault::new(format!(
                "version {version} of npm's audit report is not read; 1 and 2 are"
            )));
        }
        _ => {
            let said = report.error.and_then(|it| it.summary).filter(|it| !it.is_empty()).or(report.message);
            let said = said.map_or(String::new(), |it| format!(": {}", excerpt(&it)));
            return Err(Fault::new(format!("npm did not audit{said}")));
        }
    };
    normal.format_version = Some(version.to_owned());
    let told: u64 = report
        .metadata
        .and_then(|it| it.vulnerabilities)
        .map_or(0, |it| it.iter().filter(|(name, _)| *name != "total").map(|(_, count)| count).sum());
    findings.finish(&mut normal);
    let listed = normal.findings.as_ref().map_or(0, Vec::len);
    if told > 0 && listed == 0 {
        normal.remarks.push(format!("npm counts {told} vulnerable packages, and no advisory is listed"));
    }
    Ok(normal)
}
