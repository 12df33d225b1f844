//! Results, kept until the rules of their run are known: tools write the two in either order.

use std::collections::BTreeMap;

use serde::Deserialize;
use shipway_model::evidence::{Finding, Location, Severity};

use super::rule::{Properties, Reference, Rules};
use crate::evidence::gathered::{Findings, Gather, excerpt};
use crate::evidence::remarks::remark;
use crate::evidence::{ENTRIES_MAX, advisory};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Written {
    rule_id: Option<String>,
    rule_index: Option<i64>,
    rule: Option<Reference>,
    kind: Option<String>,
    level: Option<String>,
    message: Option<Message>,
    locations: Option<Vec<Place>>,
    suppressions: Option<Vec<Suppression>>,
    fingerprints: Option<BTreeMap<String, String>>,
    partial_fingerprints: Option<BTreeMap<String, String>>,
    baseline_state: Option<String>,
    taxa: Option<Vec<Reference>>,
    properties: Option<Properties>,
}

#[derive(Deserialize)]
struct Message {
    text: Option<String>,
    markdown: Option<String>,
    id: Option<String>,
    arguments: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Place {
    physical_location: Option<PhysicalLocation>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: Option<ArtifactLocation>,
    region: Option<Region>,
}

#[derive(Deserialize)]
pub(super) struct ArtifactLocation {
    pub(super) uri: Option<String>,
    index: Option<i64>,
}

/// Only numbers: the snippet of a secret's region is the secret.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: Option<u64>,
    start_column: Option<u64>,
    end_line: Option<u64>,
}

#[derive(Deserialize)]
struct Suppression {
    kind: Option<String>,
    status: Option<String>,
    justification: Option<String>,
}

/// A result without what its rule has to say.
pub(super) struct Pending {
    finding: Finding,
    pub(super) rule: Reference,
    failing: bool,
    undecided: bool,
    level: Option<String>,
    pub(super) message_id: Option<String>,
    pub(super) message_arguments: Vec<String>,
    taxa: Vec<Reference>,
    properties: Properties,
    file_index: Option<i64>,
}

/// The results of one run.
#[derive(Default)]
pub(super) struct Results {
    pending: Vec<Pending>,
    /// Severity by the result's own level, and whether it is suppressed, of what is beyond the limit.
    beyond: Vec<(Severity, bool)>,
    passed: u64,
    absent: u64,
}

impl Gather for Results {
    type Item = Written;

    fn gather(&mut self, written: Written) {
        if written.baseline_state.as_deref() == Some("absent") {
            self.absent += 1;
        } else if matches!(written.kind.as_deref(), Some("pass" | "notApplicable")) {
            self.passed += 1;
        } else if self.pending.len() < ENTRIES_MAX {
            self.pending.push(Pending::of(written));
        } else {
            let severity = written.level.as_deref().map_or(Severity::Unknown, severity);
            self.beyond.push((severity, suppression(written.suppressions).is_some()));
        }
    }
}

impl Results {
    /// Whether the run said nothing at all.
    pub(super) fn is_empty(&self) -> bool {
        self.pending.is_empty() && self.passed == 0 && self.absent == 0
    }

    /// Completes the results by the rules of their run. `files` are the run's artifacts by index.
    pub(super) fn settle(
        self,
        rules: &Rules<'_>,
        files: &[String],
        findings: &mut Findings,
        remarks: &mut Vec<String>,
    ) {
        findings.extend(self.pending.into_iter().map(|it| it.settle(rules, files)));
        findings.extend(self.beyond.into_iter().map(|(severity, suppressed)| Finding {
            severity,
            suppressed,
            ..Finding::default()
        }));
        if self.passed > 0 {
            remark(remarks, || {
                format!("{} results say that nothing is wrong; they are no findings", self.passed)
            });
        }
        if self.absent > 0 {
            remark(remarks, || {
                format!("{} results are gone since the baseline; they are no findings", self.absent)
            });
        }
    }
}

impl Pending {
    fn of(written: Written) -> Self {
        let mut rule = written.rule.unwrap_or_default();
        rule.id = written.rule_id.or(rule.id);
        rule.index = written.rule_index.or(rule.index).filter(|it| *it >= 0);
        let place = written.locations.into_iter().flatten().find_map(|it| it.physical_location);
        let (location, file_index) = place.map_or((None, None), PhysicalLocation::location);
        let suppression = suppression(written.suppressions);
        let message = written.message;
        let text = message.as_ref().and_then(|it| it.text.as_deref().or(it.markdown.as_deref()));
        let kind = written.kind.as_deref().unwrap_or("fail");
        Self {
            finding: Finding {
                id: rule.id.clone().unwrap_or_default(),
                title: text.map(excerpt),
                location,
                suppressed: suppression.is_some(),
                suppression: suppression.filter(|it| !it.is_empty()),
                fingerprint: fingerprint(written.fingerprints)
                    .or_else(|| fingerprint(written.partial_fingerprints)),
                ..Finding::default()
            },
            failing: kind == "fail",
            undecided: matches!(kind, "open" | "review"),
            rule,
            level: written.level,
            message_id: message.as_ref().and_then(|it| it.id.clone()),
            message_arguments: message.and_then(|it| it.arguments).unwrap_or_default(),
            taxa: written.taxa.unwrap_or_default(),
            properties: written.properties.unwrap_or_default(),
            file_index,
        }
    }

    fn settle(mut self, rules: &Rules<'_>, files: &[String]) -> Finding {
        let rule = rules.of(&self.rule);
        let mut finding = std::mem::take(&mut self.finding);
        if finding.id.is_empty() {
            finding.id = rule.and_then(|it| it.id.clone()).unwrap_or_default();
        }
        let message = || rules.message(&self, rule);
        finding.title = finding.title.or_else(message).or_else(|| rule?.description());

        let tags: Vec<&str> = self
            .properties
            .tags
            .iter()
            .flatten()
            .map(String::as_str)
            .chain(rule.into_iter().flat_map(|it| it.tags()))
            .collect();
        let score = self.properties.security_severity.or(rule.and_then(|it| it.security_severity()));
        finding.kind = rules.kind(&finding.id, &tags);
        finding.severity = match (score, &self.level) {
            (Some(score), _) => Severity::of_score(score),
            (None, Some(level)) => severity(level),
            (None, None) if self.undecided => Severity::Unknown,
            (None, None) if !self.failing => Severity::None,
            (None, None) => severity(rules.level(&self.rule, rule)),
        };

        let own = self.taxa.iter().chain(rule.into_iter().flat_map(|it| it.classes()));
        let tagged = tags
            .iter()
            .filter(|it| it.to_ascii_lowercase().contains("cwe"))
            .filter_map(|it| advisory::cwe(it));
        finding.taxa = own.filter_map(|it| rules.class(it)).chain(tagged).collect();
        finding.taxa.sort();
        finding.taxa.dedup();

        if let Some(location) = finding.location.as_mut().filter(|it| it.file.is_empty()) {
            let file = self.file_index.and_then(|it| files.get(usize::try_from(it).ok()?));
            location.file = file.cloned().unwrap_or_default();
        }
        finding.location = finding.location.filter(|it| !it.file.is_empty());
        finding
    }
}

impl PhysicalLocation {
    fn location(self) -> (Option<Location>, Option<i64>) {
        let file = self.artifact_location;
        let index = file.as_ref().and_then(|it| it.index);
        let region = self.region;
        let location = Location {
            file: file.and_then(|it| it.uri).unwrap_or_default(),
            line: region.as_ref().and_then(|it| it.start_line),
            column: region.as_ref().and_then(|it| it.start_column),
            end_line: region.as_ref().and_then(|it| it.end_line),
        };
        (Some(location), index)
    }
}

/// A result is suppressed if it has suppressions and each of them is accepted, which is what one without a status
/// is (3.27.23, 3.35.3).
fn suppression(suppressions: Option<Vec<Suppression>>) -> Option<String> {
    let suppressions = suppressions.filter(|it| !it.is_empty())?;
    let accepted = |it: &Suppression| matches!(it.status.as_deref(), None | Some("accepted"));
    suppressions.iter().all(accepted).then(|| {
        let reasons = suppressions.iter().filter_map(|it| it.justification.as_ref().or(it.kind.as_ref()));
        reasons.map(|it| excerpt(it)).collect::<Vec<_>>().join("; ")
    })
}

fn fingerprint(given: Option<BTreeMap<String, String>>) -> Option<String> {
    given?.into_iter().next().map(|(name, value)| format!("{name}:{value}"))
}

fn severity(level: &str) -> Severity {
    match level {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::None,
        _ => Severity::Unknown,
    }
}
