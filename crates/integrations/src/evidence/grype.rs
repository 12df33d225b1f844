//! Grype's JSON: packages of an image or folder matched with vulnerabilities.
//!
//! Severity is Grype's word; where that is unknown, the score's band. What Grype was told to ignore is suppressed,
//! with its VEX status where the rule came from a VEX document.

use serde::Deserialize;
use shipway_model::evidence::{Cvss, Finding, FindingKind, Location, Normal, Package, Vex, VexStatus};

use super::advisory::{self, cvss, severity};
use super::gathered::{Findings, Gather, Gathered, excerpt};
use super::{Fault, Format, Head, Sniff, Source, json};

pub(super) const FORMAT: Format =
    Format { name: "grype", summary: "Grype's JSON report (`grype -o json`).", sniff, read };

fn sniff(head: &Head<'_>) -> Sniff {
    let has = |key: &str| head.text.contains(key);
    match () {
        () if !head.text.starts_with('{') || !has("\"matches\"") => Sniff::No,
        () if has("\"matchDetails\"") || (has("\"descriptor\"") && has("\"grype\"")) => Sniff::Sure,
        () => Sniff::Maybe,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    /// Always there, `null` or empty where nothing matched.
    matches: Gathered<Matches>,
    ignored_matches: Option<Gathered<Matches>>,
    source: Option<Subject>,
    descriptor: Option<Descriptor>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Match {
    vulnerability: Vulnerability,
    related_vulnerabilities: Option<Vec<Vulnerability>>,
    artifact: Artifact,
    applied_ignore_rules: Option<Vec<IgnoreRule>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Vulnerability {
    id: String,
    severity: Option<String>,
    description: Option<String>,
    cvss: Option<Vec<Score>>,
    epss: Option<Vec<Epss>>,
    known_exploited: Option<Vec<serde::de::IgnoredAny>>,
    cwes: Option<Vec<Weakness>>,
    fix: Option<Fix>,
}

#[derive(Deserialize)]
struct Score {
    version: Option<String>,
    vector: Option<String>,
    metrics: Option<Metrics>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics {
    base_score: Option<f64>,
}

#[derive(Deserialize)]
struct Epss {
    epss: f64,
}

#[derive(Deserialize)]
struct Weakness {
    cwe: Option<String>,
}

#[derive(Deserialize)]
struct Fix {
    versions: Option<Vec<String>>,
}

#[derive(Deserialize)]
struct Artifact {
    name: String,
    version: Option<String>,
    purl: Option<String>,
    locations: Option<Vec<Place>>,
}

#[derive(Deserialize)]
struct Place {
    path: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct IgnoreRule {
    reason: Option<String>,
    vex_status: Option<String>,
    vex_justification: Option<String>,
}

#[derive(Deserialize)]
struct Subject {
    target: Option<Target>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum Target {
    Path(String),
    #[serde(rename_all = "camelCase")]
    Image {
        user_input: Option<String>,
        manifest_digest: Option<String>,
    },
}

#[derive(Deserialize)]
struct Descriptor {
    version: Option<String>,
    timestamp: Option<String>,
}

#[derive(Default)]
struct Matches(Findings);

impl Gather for Matches {
    type Item = Match;

    fn gather(&mut self, item: Match) {
        self.0.push(item.finding());
    }
}

impl Match {
    fn finding(self) -> Finding {
        let Self { vulnerability, related_vulnerabilities, artifact, applied_ignore_rules } = self;
        let related = related_vulnerabilities.unwrap_or_default();
        let (id, aliases) = advisory::name(
            std::iter::once(vulnerability.id.clone()).chain(related.iter().map(|it| it.id.clone())),
        );
        let cvss =
            vulnerability.score().or_else(|| cvss::newest(related.iter().filter_map(Vulnerability::score)));
        let rules = applied_ignore_rules.unwrap_or_default();
        let reasons: Vec<String> = rules.iter().filter_map(|it| it.reason.as_deref().map(excerpt)).collect();
        let description =
            vulnerability.description.as_ref().or(related.iter().find_map(|it| it.description.as_ref()));
        let exploited = vulnerability
            .known_exploited
            .as_ref()
            .or(related.iter().find_map(|it| it.known_exploited.as_ref()));
        let predicted = vulnerability.epss.iter().chain(related.iter().flat_map(|it| &it.epss)).flatten();
        Finding {
            kind: FindingKind::Vulnerability,
            severity: severity::of(vulnerability.severity.as_deref(), cvss.as_ref().and_then(|it| it.score)),
            title: description.map(|it| excerpt(it)),
            epss: predicted.map(|it| it.epss).find(|it| (0.0..=1.0).contains(it)),
            known_exploited: exploited.map(|it| !it.is_empty()),
            location: artifact
                .locations
                .into_iter()
                .flatten()
                .next()
                .map(|it| Location { file: it.path, ..Location::default() }),
            suppressed: !rules.is_empty(),
            suppression: (!reasons.is_empty()).then(|| reasons.join("; ")),
            vex: rules.iter().find_map(IgnoreRule::vex),
            taxa: vulnerability.cwes.into_iter().flatten().filter_map(|it| advisory::cwe(&it.cwe?)).collect(),
            package: Some(Package {
                purl: artifact.purl.filter(|it| !it.is_empty()),
                name: artifact.name,
                version: artifact.version.filter(|it| !it.is_empty()),
                fixed_in: vulnerability.fix.and_then(|it| it.versions).unwrap_or_default(),
                path: Vec::new(),
            }),
            cvss,
            id,
            aliases,
            ..Finding::default()
        }
    }
}

impl Vulnerability {
    fn score(&self) -> Option<Cvss> {
        cvss::newest(self.cvss.iter().flatten().filter_map(|it| {
            let score = it.metrics.as_ref().and_then(|it| it.base_score);
            cvss::of(it.version.as_deref(), it.vector.as_deref(), score)
        }))
    }
}

impl IgnoreRule {
    fn vex(&self) -> Option<Vex> {
        let status = match self.vex_status.as_deref()? {
            "not_affected" => VexStatus::NotAffected,
            "fixed" => VexStatus::Fixed,
            "affected" => VexStatus::Affected,
            "under_investigation" => VexStatus::UnderInvestigation,
            _ => return None,
        };
        Some(Vex {
            status,
            justification: self.vex_justification.clone().filter(|it| !it.is_empty()),
            detail: None,
        })
    }
}

impl Target {
    fn about(self) -> Option<String> {
        match self {
            Self::Path(path) => Some(path),
            Self::Image { user_input, manifest_digest } => match (user_input, manifest_digest) {
                (Some(image), Some(digest)) if !digest.is_empty() && !image.contains(&digest) => {
                    Some(format!("{image}@{digest}"))
                }
                (image, digest) => image.or(digest),
            },
        }
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let report: Report = json::read(source)?;
    let mut normal = Normal {
        format: FORMAT.name.to_owned(),
        tool: Some("grype".to_owned()),
        about: report.source.and_then(|it| it.target).and_then(Target::about),
        ..Normal::default()
    };
    if let Some(descriptor) = report.descriptor {
        normal.tool_version = descriptor.version;
        normal.created_at = descriptor.timestamp;
    }
    let Gathered(Matches(mut findings)) = report.matches;
    findings.append(report.ignored_matches.unwrap_or_default().0.0);
    findings.finish(&mut normal);
    Ok(normal)
}
