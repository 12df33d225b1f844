//! Known vulnerabilities below a bound.

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;
use shipway_model::evidence::{Finding, FindingKind, Kind, Severity};
use shipway_model::gate::Status;
use shipway_model::resource::policy::Vulnerabilities;

use super::finding::{is_cleared, open, sort};
use super::{cut_short, listed, missing};
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(policy: &Name, rule: &Vulnerabilities, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Findings);
    // A report of secrets or of style says nothing of vulnerabilities, and silence is no scan.
    let scans = counted.documents.iter().filter(|(_, it)| it.findings.is_some()).count();
    if scans == 0 {
        return missing("vulnerability scan", &counted, view);
    }
    let all = open(&counted, &[FindingKind::Vulnerability]);
    let n_all = all.len();
    let blocking = all
        .into_iter()
        .filter(|it| blocks(rule, it.finding, view.facts.at))
        .filter(|it| !(rule.vex && is_cleared(it.finding, view)))
        .collect();
    let mut sorted = sort(policy, view, blocking);
    sorted.faults = listed(sorted.faults);
    sorted.faults.extend(cut_short(&counted.documents, "findings"));
    let well = format!("none of {n_all} known vulnerabilities blocks");
    let mut found = Found::unless(sorted.faults, well).shown_by(counted.ids());
    if found.status == Status::Satisfied && !sorted.waived.is_empty() {
        found.status = Status::Waived;
    }
    found.reasons.extend(sorted.waived);
    found.waivers = sorted.waivers;
    found
}

fn blocks(rule: &Vulnerabilities, finding: &Finding, now: Timestamp) -> bool {
    if rule.known_exploited && finding.known_exploited == Some(true) {
        return true;
    }
    if rule.reachable_only && finding.reachable == Some(false) {
        return false;
    }
    if rule.fixable_only && finding.package.as_ref().is_none_or(|it| it.fixed_in.is_empty()) {
        return false;
    }
    let score = finding.cvss.as_ref().and_then(|it| it.score);
    let is_grave = match finding.severity {
        Severity::Unknown => score.is_none() && rule.unknown_blocks,
        severity => severity >= rule.severity,
    } || rule.cvss.zip(score).is_some_and(|(bound, score)| score >= bound)
        || rule.epss.zip(finding.epss).is_some_and(|(bound, epss)| epss >= bound);
    is_grave && !is_in_grace(rule, finding, now)
}

/// One whose publication is not known has no grace.
fn is_in_grace(rule: &Vulnerabilities, finding: &Finding, now: Timestamp) -> bool {
    let published = finding.published_at.as_ref().and_then(|it| it.parse::<Timestamp>().ok());
    let grace = rule.grace.and_then(|it| SignedDuration::try_from(it.duration()).ok());
    grace.zip(published).is_some_and(|(grace, published)| now.duration_since(published) < grace)
}
