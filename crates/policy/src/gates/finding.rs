//! What the gates over findings share: which findings are open, and whether a waiver takes one on.

use shipway_model::evidence::{Finding, FindingKind, Kind, VexStatus};
use shipway_model::{EvidenceId, Name, WaiverId};

use crate::counting::{Counted, View};
use crate::facts::GrantedWaiver;

/// A finding that nobody has set aside in the documents themselves.
pub(crate) struct Open<'a> {
    pub(crate) evidence: EvidenceId,
    pub(crate) finding: &'a Finding,
}

/// The open findings of these kinds.
pub(crate) fn open<'a>(counted: &Counted<'a>, kinds: &[FindingKind]) -> Vec<Open<'a>> {
    let of_document = |(id, normal): &(EvidenceId, &'a shipway_model::evidence::Normal)| {
        let (id, normal) = (*id, *normal);
        normal.findings.iter().flatten().map(move |finding| Open { evidence: id, finding })
    };
    let all = counted.documents.iter().flat_map(of_document);
    all.filter(|it| !it.finding.suppressed && kinds.contains(&it.finding.kind)).collect()
}

/// Whether VEX clears it: by the document itself, or by a statement attached to the release.
pub(crate) fn is_cleared(finding: &Finding, view: &View<'_>) -> bool {
    let clears = |status: VexStatus| matches!(status, VexStatus::NotAffected | VexStatus::Fixed);
    if let Some(vex) = &finding.vex {
        return clears(vex.status);
    }
    let counted = view.evidence(Kind::Statements);
    let names: Vec<&str> = std::iter::once(&finding.id).chain(&finding.aliases).map(String::as_str).collect();
    let mut verdict = None;
    for statement in counted.documents.iter().flat_map(|(_, it)| it.statements.iter().flatten()) {
        let mut said = std::iter::once(&statement.vulnerability).chain(&statement.aliases);
        if said.any(|it| names.contains(&it.as_str())) && is_about(statement, finding, view) {
            // The latest word counts, also when it takes an earlier one back.
            verdict = Some(statement.vex.status);
        }
    }
    verdict.is_some_and(clears)
}

/// A statement about the artifact itself, or about the package in which the finding is.
fn is_about(statement: &shipway_model::evidence::Statement, finding: &Finding, view: &View<'_>) -> bool {
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
    use shipway_model::evidence::Severity;
    match finding.severity {
        Severity::Critical => "critical",
        Severity::High => "high",
        Severity::Medium => "medium",
        Severity::Low => "low",
        Severity::None => "harmless",
        Severity::Unknown => "unrated",
    }
}
