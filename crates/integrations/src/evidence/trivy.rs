//! Trivy's JSON (schema version 2): vulnerabilities, secrets, misconfigurations and licences of one artifact.
//!
//! Severity is Trivy's word, which it chose from the source it names. Of the scores it lists by source, the one of
//! that source is taken, else the NVD's, else any. What `.trivyignore`, a policy or a VEX document set aside
//! (`ExperimentalModifiedFindings`) is suppressed. The matched text of a secret is not read.

use std::marker::PhantomData;

use serde::Deserialize;
use shipway_model::evidence::{Cvss, Finding, FindingKind, Location, Normal, Package, Vex, VexStatus};

use super::advisory::{self, cvss, severity};
use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::json::Unique;
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format =
    Format { name: "trivy", summary: "Trivy's JSON report (`trivy … --format json`).", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    let has = |key: &str| head.text.contains(key);
    match () {
        () if !head.text.starts_with('{') => Sniff::No,
        () if has("\"SchemaVersion\"") && (has("\"ArtifactName\"") || has("\"ArtifactType\"")) => Sniff::Sure,
        () if has("\"Results\"") && has("\"Target\"") => Sniff::Maybe,
        () => Sniff::No,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    schema_version: u64,
    created_at: Option<String>,
    artifact_name: Option<String>,
    metadata: Option<Metadata>,
    results: Option<Gathered<Results>>,
    trivy: Option<Tool>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata {
    repo_digests: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Tool {
    version: Option<String>,
}

/// What was found in one target: a lock file, an operating system, a file.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Target {
    #[serde(rename = "Target")]
    name: Option<String>,
    vulnerabilities: Option<Gathered<Of<Vulnerability>>>,
    secrets: Option<Gathered<Of<Secret>>>,
    misconfigurations: Option<Gathered<Of<Misconfiguration>>>,
    licenses: Option<Gathered<Of<Licence>>>,
    #[serde(alias = "ExperimentalModifiedFindings")]
    modified_findings: Option<Gathered<Of<Modified>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Vulnerability {
    #[serde(rename = "VulnerabilityID")]
    id: String,
    #[serde(rename = "VendorIDs")]
    vendor_ids: Option<Vec<String>>,
    pkg_name: Option<String>,
    pkg_path: Option<String>,
    pkg_identifier: Option<PackageIdentifier>,
    installed_version: Option<String>,
    fixed_version: Option<String>,
    severity: Option<String>,
    severity_source: Option<String>,
    title: Option<String>,
    #[serde(rename = "CVSS")]
    cvss: Option<Unique<Scores>>,
    #[serde(rename = "CweIDs")]
    cwe_ids: Option<Vec<String>>,
    published_date: Option<String>,
}

#[derive(Deserialize)]
struct PackageIdentifier {
    #[serde(rename = "PURL")]
    purl: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Scores {
    v2_vector: Option<String>,
    v3_vector: Option<String>,
    v40_vector: Option<String>,
    v2_score: Option<f64>,
    v3_score: Option<f64>,
    v40_score: Option<f64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Secret {
    #[serde(rename = "RuleID")]
    id: String,
    title: Option<String>,
    severity: Option<String>,
    start_line: Option<u64>,
    end_line: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Misconfiguration {
    #[serde(rename = "ID")]
    id: String,
    #[serde(rename = "AVDID")]
    avd_id: Option<String>,
    title: Option<String>,
    severity: Option<String>,
    status: Option<String>,
    cause_metadata: Option<Cause>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Cause {
    start_line: Option<u64>,
    end_line: Option<u64>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Licence {
    name: String,
    severity: Option<String>,
    category: Option<String>,
    pkg_name: Option<String>,
    file_path: Option<String>,
}

/// A finding that was set aside.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Modified {
    #[serde(rename = "Type")]
    kind: String,
    status: Option<String>,
    statement: Option<String>,
    source: Option<String>,
    finding: serde_json::Value,
}

/// Becomes a finding. A location without a file is the target, whose name may follow.
trait Found: serde::de::DeserializeOwned {
    /// `None` for what is a check that held.
    fn finding(self) -> Option<Finding>;
}

/// Findings of one kind in one target.
struct Of<T> {
    findings: Findings,
    kind: PhantomData<T>,
}

impl<T> Default for Of<T> {
    fn default() -> Self {
        Self { findings: Findings::default(), kind: PhantomData }
    }
}

impl<T: Found> Gather for Of<T> {
    type Item = T;

    fn gather(&mut self, item: T) {
        self.findings.extend(item.finding());
    }
}

#[derive(Default)]
struct Results {
    findings: Findings,
    targets: u64,
}

impl Gather for Results {
    type Item = Target;

    fn gather(&mut self, target: Target) {
        self.targets += 1;
        let name = target.name.unwrap_or_default();
        self.extend(target.vulnerabilities, &name);
        self.extend(target.secrets, &name);
        self.extend(target.misconfigurations, &name);
        self.extend(target.licenses, &name);
        self.extend(target.modified_findings, &name);
    }
}

impl Results {
    fn extend<T: Found>(&mut self, found: Option<Gathered<Of<T>>>, target: &str) {
        let mut findings = found.unwrap_or_default().0.findings;
        findings.complete(|it| {
            let location = it.location.get_or_insert_default();
            if location.file.is_empty() {
                location.file = target.to_owned();
            }
            it.location.take_if(|it| it.file.is_empty());
        });
        self.findings.append(findings);
    }
}

impl Found for Vulnerability {
    fn finding(self) -> Option<Finding> {
        let cvss = self.score();
        let (id, aliases) =
            advisory::name(std::iter::once(self.id).chain(self.vendor_ids.into_iter().flatten()));
        let fixed = self.fixed_version.unwrap_or_default();
        Some(Finding {
            id,
            aliases,
            kind: FindingKind::Vulnerability,
            severity: severity::of(self.severity.as_deref(), cvss.as_ref().and_then(|it| it.score)),
            title: self.title.as_deref().map(excerpt),
            cvss,
            package: Some(Package {
                purl: self.pkg_identifier.and_then(|it| it.purl),
                name: self.pkg_name.unwrap_or_default(),
                version: self.installed_version.filter(|it| !it.is_empty()),
                fixed_in: fixed
                    .split(',')
                    .map(|it| it.trim().to_owned())
                    .filter(|it| !it.is_empty())
                    .collect(),
                path: Vec::new(),
            }),
            location: location(self.pkg_path, None, None),
            taxa: self.cwe_ids.into_iter().flatten().filter_map(|it| advisory::cwe(&it)).collect(),
            published_at: self.published_date,
            ..Finding::default()
        })
    }
}

impl Vulnerability {
    fn score(&self) -> Option<Cvss> {
        let sources = &self.cvss.as_ref()?.0;
        let chosen = self.severity_source.as_ref().and_then(|it| sources.get(it));
        chosen.into_iter().chain(sources.get("nvd")).chain(sources.values()).find_map(Scores::newest)
    }
}

impl Scores {
    fn newest(&self) -> Option<Cvss> {
        let of = |version, vector: &Option<String>, score| cvss::of(Some(version), vector.as_deref(), score);
        let all = [
            of("4.0", &self.v40_vector, self.v40_score),
            of("3.1", &self.v3_vector, self.v3_score),
            of("2.0", &self.v2_vector, self.v2_score),
        ];
        cvss::newest(all.into_iter().flatten())
    }
}

impl Found for Secret {
    fn finding(self) -> Option<Finding> {
        Some(Finding {
            severity: severity::of(self.severity.as_deref(), None),
            id: self.id,
            kind: FindingKind::Secret,
            title: self.title.as_deref().map(excerpt),
            location: location(None, self.start_line, self.end_line),
            ..Finding::default()
        })
    }
}

impl Found for Misconfiguration {
    fn finding(self) -> Option<Finding> {
        if self.status.as_deref() == Some("PASS") {
            return None;
        }
        let cause = self.cause_metadata.as_ref();
        Some(Finding {
            severity: severity::of(self.severity.as_deref(), None),
            id: self.id,
            aliases: self.avd_id.into_iter().filter(|it| !it.is_empty()).collect(),
            kind: FindingKind::Misconfiguration,
            title: self.title.as_deref().map(excerpt),
            location: location(None, cause.and_then(|it| it.start_line), cause.and_then(|it| it.end_line)),
            ..Finding::default()
        })
    }
}

impl Found for Licence {
    fn finding(self) -> Option<Finding> {
        let category = self.category.filter(|it| !it.is_empty());
        Some(Finding {
            severity: severity::of(self.severity.as_deref(), None),
            title: category.map(|it| excerpt(&format!("{} is {it}", self.name))),
            id: self.name,
            kind: FindingKind::Licence,
            package: self
                .pkg_name
                .filter(|it| !it.is_empty())
                .map(|name| Package { name, ..Package::default() }),
            location: location(self.file_path, None, None),
            ..Finding::default()
        })
    }
}

impl Found for Modified {
    fn finding(self) -> Option<Finding> {
        fn of<T: Found>(value: serde_json::Value) -> Option<Finding> {
            serde_json::from_value::<T>(value).ok()?.finding()
        }
        let found = match self.kind.as_str() {
            "vulnerability" => of::<Vulnerability>(self.finding),
            "secret" => of::<Secret>(self.finding),
            "misconfiguration" => of::<Misconfiguration>(self.finding),
            "license" => of::<Licence>(self.finding),
            _ => None,
        };
        // Another shape is a finding all the same, and must not vanish.
        let found = found.unwrap_or(Finding { id: self.kind, ..Finding::default() });
        let status = match self.status.as_deref() {
            Some("not_affected") => Some(VexStatus::NotAffected),
            Some("fixed") => Some(VexStatus::Fixed),
            Some("affected") => Some(VexStatus::Affected),
            Some("under_investigation") => Some(VexStatus::UnderInvestigation),
            _ => None,
        };
        let statement = self.statement.filter(|it| !it.is_empty());
        Some(Finding {
            suppressed: true,
            vex: status.map(|status| Vex { status, justification: statement.clone(), detail: None }),
            suppression: statement.or(self.source),
            ..found
        })
    }
}

/// Lines are counted from 1; 0 stands for none.
fn location(file: Option<String>, line: Option<u64>, end_line: Option<u64>) -> Option<Location> {
    let lines = |line: Option<u64>| line.filter(|it| *it > 0);
    Some(Location {
        file: file.unwrap_or_default(),
        line: lines(line),
        column: None,
        end_line: lines(end_line),
    })
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    if report.schema_version != 2 {
        return Err(Fault::new(format!(
            "Trivy's schema version {} is not read; 2 is",
            report.schema_version
        )));
    }
    let digest = report.metadata.and_then(|it| it.repo_digests).and_then(|it| it.into_iter().next());
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some("2".to_owned()),
        tool: Some("trivy".to_owned()),
        tool_version: report.trivy.and_then(|it| it.version),
        created_at: report.created_at,
        about: digest.or(report.artifact_name),
        ..Normal::default()
    };
    match report.results {
        Some(Gathered(results)) if results.targets > 0 => results.findings.finish(&mut normal),
        _ => normal
            .remarks
            .push("Trivy found no target to scan: it shows nothing, not that nothing was found".to_owned()),
    }
    Ok(normal)
}
