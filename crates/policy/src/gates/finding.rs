//! What the gates over findings share: which findings are open, and whether a waiver takes one on.

use std::collections::BTreeMap;

use shipway_model::evidence::{Counts, Finding, FindingKind, Kind, Normal, Severity, Statement, VexStatus};
use shipway_model::{EvidenceId, Name, WaiverId};

use super::CutShort;
use crate::counting::{Counted, View};
use crate::facts::GrantedWaiver;

/// A finding that nobody has set aside in the documents themselves.
pub(crate) struct Open<'a> {
    pub(crate) evidence: EvidenceId,
    pub(crate) finding: &'a Finding,
}

/// The open findings of these kinds.
pub(crate) fn open<'a>(counted: &Counted<'a>, kinds: &[FindingKind]) -> Vec<Open<'a>> {
    let of_document = |(id, normal): &(EvidenceId, &'a Normal)| {
        let (id, normal) = (*id, *normal);
        normal.findings.iter().flatten().map(move |finding| Open { evidence: id, finding })
    };
    let all = counted.documents.iter().flat_map(of_document);
    all.filter(|it| !it.finding.suppressed && kinds.contains(&it.finding.kind)).collect()
}

/// Findings that were counted while a document was read, and are not in its list.
pub(super) struct LeftOut {
    /// Of those that may block.
    pub(super) n: u64,
    pub(super) cut: CutShort,
    /// What to say where none of them may.
    pub(super) remarks: Vec<String>,
}

/// What was left out of the documents' lists. Every finding is counted by its severity, also where there was no room for it, so
/// it can be told whether one of those could be grave enough: `may_block` says so of a severity. One that is not known may be any.
pub(super) fn left_out(
    counted: &Counted<'_>,
    view: &View<'_>,
    may_block: impl Fn(Severity) -> bool,
) -> LeftOut {
    let mut left_out = LeftOut { n: 0, cut: CutShort::default(), remarks: Vec::new() };
    for (id, normal) in &counted.documents {
        let Some(&n_omitted) = normal.omitted.get("findings") else { continue };
        let n = n_blocking(normal, n_omitted, &may_block);
        if n == 0 {
            left_out.remarks.push(format!(
                "{id} holds {n_omitted} more findings than are kept, and by their severities none of them blocks"
            ));
        } else {
            left_out.n += n;
            let what = format!("{id} holds {n_omitted} more findings than are kept, {n} of which may block");
            left_out.cut.note(&what, view);
        }
    }
    left_out
}

/// How many of those that are not in the list may block; one of which not even the severity was counted may.
fn n_blocking(normal: &Normal, n_omitted: u64, may_block: impl Fn(Severity) -> bool) -> u64 {
    let Some(counted) = normal.counts else { return n_omitted };
    let kept = Counts::of(normal.findings.as_deref().unwrap_or_default());
    let left_out = |pick: fn(&Counts) -> u64| pick(&counted).saturating_sub(pick(&kept));
    let by_severity = [
        (Severity::Critical, left_out(|it| it.critical)),
        (Severity::High, left_out(|it| it.high)),
        (Severity::Medium, left_out(|it| it.medium)),
        (Severity::Low, left_out(|it| it.low)),
        (Severity::None, left_out(|it| it.none)),
        (Severity::Unknown, left_out(|it| it.unknown)),
    ];
    let n_counted = by_severity.iter().map(|it| it.1).sum::<u64>() + left_out(|it| it.suppressed);
    let may_block = |it: Severity| it == Severity::Unknown || may_block(it);
    let blocking = by_severity.iter().filter(|it| may_block(it.0)).map(|it| it.1).sum::<u64>();
    blocking + n_omitted.saturating_sub(n_counted)
}

/// What VEX documents that are attached to the release say, by the names of the vulnerabilities.
#[derive(Default)]
pub(crate) struct Statements<'a> {
    /// In the order in which they were made.
    all: Vec<&'a Statement>,
    /// Their places.
    named: BTreeMap<&'a str, Vec<usize>>,
}

impl<'a> Statements<'a> {
    pub(crate) fn of(view: &View<'a>) -> Self {
        let counted = view.evidence(Kind::Statements);
        let mut it = Self::default();
        for statement in counted.documents.iter().flat_map(|(_, it)| it.statements.iter().flatten()) {
            for name in std::iter::once(&statement.vulnerability).chain(&statement.aliases) {
                it.named.entry(name).or_default().push(it.all.len());
            }
            it.all.push(statement);
        }
        it
    }

    /// Whether VEX clears a finding: by its document itself, or by one of these.
    pub(crate) fn clear(&self, finding: &Finding, view: &View<'_>) -> bool {
        let clears = |status: VexStatus| matches!(status, VexStatus::NotAffected | VexStatus::Fixed);
        if let Some(vex) = &finding.vex {
            return clears(vex.status);
        }
        let names = std::iter::once(&finding.id).chain(&finding.aliases);
        let places = names.filter_map(|it| self.named.get(it.as_str())).flatten();
        // The latest word counts, also when it takes an earlier one back.
        let latest = places.filter(|it| is_about(self.all[**it], finding, view)).max();
        latest.is_some_and(|it| clears(self.all[*it].vex.status))
    }
}

/// A statement about the artifact itself, or about the package in which the finding is.
fn is_about(statement: &Statement, finding: &Finding, view: &View<'_>) -> bool {
    let artifacts = view.facts.services.get(view.service).into_iter().flat_map(|it| &it.artifacts);
    let package = finding.package.as_ref();
    let purl = package.and_then(|it| it.purl.as_deref());
    let names_package = |it: &String| purl.is_some_and(|purl| same_package(it, purl));
    let names_artifact = |it: &String| artifacts.clone().any(|digest| it.contains(digest.hex().as_str()));
    statement.subcomponents.iter().any(names_package)
        || statement
            .products
            .iter()
            .any(|it| names_package(it) || (statement.subcomponents.is_empty() && names_artifact(it)))
}

/// Equal package URLs; one without a version speaks of all of them.
fn same_package(said: &str, found: &str) -> bool {
    let bare = |it: &str| it.split(['?', '#']).next().unwrap_or_default().to_owned();
    let (said, found) = (bare(said), bare(found));
    said == found || (!said.contains('@') && found.split('@').next() == Some(said.as_str()))
}

/// The waiver that takes this finding on.
pub(crate) fn waiver<'a>(policy: &Name, view: &View<'a>, finding: &Finding) -> Option<&'a GrantedWaiver> {
    let package = finding.package.as_ref();
    view.facts.waivers.iter().find(|granted| {
        let it = &granted.waiver;
        let names_finding = it.finding.as_ref().map(|id| finding.id == *id || finding.aliases.contains(id));
        let names_package = it.package.as_ref().map(|name| {
            package.is_some_and(|it| {
                it.name == *name || it.purl.as_deref().is_some_and(|purl| same_package(name, purl))
            })
        });
        it.policy == *policy
            && it.gate == view.gate.name
            && it.service.as_ref().is_none_or(|name| name == view.service)
            && it.expires > view.facts.at
            && (names_finding.is_some() || names_package.is_some())
            && names_finding.unwrap_or(true)
            && names_package.unwrap_or(true)
    })
}

/// What blocks and what is waived of it.
pub(crate) struct Sorted {
    pub(crate) faults: Vec<String>,
    pub(crate) waived: Vec<String>,
    pub(crate) waivers: Vec<WaiverId>,
}

/// Puts the blocking findings that nobody waived into words.
pub(crate) fn sort(policy: &Name, view: &View<'_>, blocking: Vec<Open<'_>>) -> Sorted {
    let mut sorted = Sorted { faults: Vec::new(), waived: Vec::new(), waivers: Vec::new() };
    for it in blocking {
        match waiver(policy, view, it.finding) {
            Some(granted) => {
                sorted.waived.push(format!("{}: {}", it.finding.id, crate::decide::said(granted)));
                if !sorted.waivers.contains(&granted.id) {
                    sorted.waivers.push(granted.id);
                }
            }
            None => sorted.faults.push(format!("{} ({})", told(it.finding), it.evidence)),
        }
    }
    sorted
}

fn told(finding: &Finding) -> String {
    let mut text = format!("{} {}", word(finding), finding.id);
    if let Some(package) = &finding.package {
        text += &format!(" in {}", package.name);
        if let Some(version) = &package.version {
            text += &format!(" {version}");
        }
        match package.fixed_in.first() {
            Some(fixed) => text += &format!(", fixed in {fixed}"),
            None => text += ", without a fix",
        }
    }
    if let Some(score) = finding.cvss.as_ref().and_then(|it| it.score) {
        text += &format!(", CVSS {score}");
    }
    if let Some(location) = &finding.location {
        text += &format!(" at {}", location.file);
        if let Some(line) = location.line {
            text += &format!(":{line}");
        }
    }
    text
}

fn word(finding: &Finding) -> &'static str {
    match finding.severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::None => "harmless",
        Severity::Unknown => "unrated",
    }
}
