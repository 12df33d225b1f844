//! Known vulnerabilities below a bound.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use shipway_model::evidence::{Finding, FindingKind, Kind, Normal, Severity};
use shipway_model::gate::Status;
use shipway_model::resource::policy::Vulnerabilities;
use shipway_model::{EvidenceId, Name};

use super::finding::{Open, Statements, left_out, open, sort};
use super::{listed, missing};
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(policy: &Name, rule: &Vulnerabilities, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Findings);
    // A report of secrets or of style says nothing of vulnerabilities, and silence is no scan.
    let scans = counted.documents.iter().filter(|(_, it)| it.findings.is_some()).count();
    if scans == 0 {
        return missing("vulnerability scan", &counted, view);
    }
    let mut all = open(&counted, &[FindingKind::Vulnerability]);
    let knowledge = view.knowledge();
    let n_later = add_later(&mut all, &knowledge);
    let n_all = all.len();
    let imported = Imported::of(&knowledge);
    let vex = if rule.vex { Statements::of(view) } else { Statements::default() };
    let blocking = all
        .into_iter()
        .filter(|it| blocks(rule, it.finding, &imported.about(it.finding), view.facts.at))
        .filter(|it| !(rule.vex && vex.clear(it.finding, view)))
        .collect();
    let mut sorted = sort(policy, view, blocking);
    sorted.faults = listed(sorted.faults);
    let left_out = left_out(&counted, view, |it| may_block(rule, it));
    sorted.faults.extend(left_out.cut.faults);
    let later =
        if n_later > 0 { format!(", {n_later} of them learnt apart from the scans") } else { String::new() };
    let well = format!("none of {n_all} known vulnerabilities blocks{later}");
    let shown_by = counted.ids().into_iter().chain(knowledge.iter().map(|(id, _)| *id));
    let mut found = Found::unless(sorted.faults, well).shown_by(shown_by).helped_by(left_out.cut.next);
    if found.status == Status::Satisfied && !sorted.waived.is_empty() {
        found.status = Status::Waived;
    }
    found.reasons.extend(sorted.waived);
    found.reasons.extend(left_out.remarks);
    found.waivers = sorted.waivers;
    found
}

/// Adds what was imported and no scan has found; says how many. What a scan has found too stays as the scan says, since
/// it may know more of this artifact: VEX, reachability, what was set aside.
fn add_later<'a>(all: &mut Vec<Open<'a>>, knowledge: &[(EvidenceId, &'a Normal)]) -> usize {
    if knowledge.is_empty() {
        return 0;
    }
    let names = |it: &'a Finding| std::iter::once(&it.id).chain(&it.aliases);
    let package = |it: &'a Finding| it.package.as_ref().map(|it| it.name.as_str());
    let known: BTreeSet<(&str, Option<&str>)> =
        all.iter().flat_map(|it| names(it.finding).map(|id| (id.as_str(), package(it.finding)))).collect();
    let learnt = knowledge.iter().flat_map(|(id, it)| {
        let evidence = *id;
        it.findings.iter().flatten().map(move |finding| Open { evidence, finding })
    });
    let new: Vec<_> = learnt
        .filter(|it| !names(it.finding).any(|id| known.contains(&(id.as_str(), package(it.finding)))))
        .collect();
    let n_new = new.len();
    all.extend(new);
    n_new
}

/// What was imported about a finding: predictions and what is known to be exploited change after the scan.
struct Learnt {
    epss: Option<f64>,
    known_exploited: bool,
}

/// What was imported, by all names of the vulnerabilities.
struct Imported<'a>(BTreeMap<&'a str, Vec<&'a Finding>>);

impl<'a> Imported<'a> {
    fn of(knowledge: &[(EvidenceId, &'a Normal)]) -> Self {
        let mut named: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
        for finding in knowledge.iter().flat_map(|(_, it)| it.findings.iter().flatten()) {
            for name in std::iter::once(&finding.id).chain(&finding.aliases) {
                named.entry(name).or_default().push(finding);
            }
        }
        Self(named)
    }

    fn about(&self, finding: &Finding) -> Learnt {
        let names = std::iter::once(&finding.id).chain(&finding.aliases);
        let same = names.filter_map(|it| self.0.get(it.as_str())).flatten();
        let mut learnt =
            Learnt { epss: finding.epss, known_exploited: finding.known_exploited == Some(true) };
        for it in same {
            learnt.epss = [learnt.epss, it.epss].into_iter().flatten().reduce(f64::max);
            learnt.known_exploited |= it.known_exploited == Some(true);
        }
        learnt
    }
}

/// Whether one of this severity may block of which nothing else is known.
fn may_block(rule: &Vulnerabilities, severity: Severity) -> bool {
    let by_more = rule.known_exploited || rule.cvss.is_some() || rule.epss.is_some();
    by_more || severity >= rule.severity
}

fn blocks(rule: &Vulnerabilities, finding: &Finding, learnt: &Learnt, now: Timestamp) -> bool {
    if rule.known_exploited && learnt.known_exploited {
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
        || rule.epss.zip(learnt.epss).is_some_and(|(bound, epss)| epss >= bound);
    is_grave && !is_in_grace(rule, finding, now)
}

/// One whose publication is not known has no grace.
fn is_in_grace(rule: &Vulnerabilities, finding: &Finding, now: Timestamp) -> bool {
    let published = finding.published_at.as_ref().and_then(|it| it.parse::<Timestamp>().ok());
    let grace = rule.grace.and_then(|it| SignedDuration::try_from(it.duration()).ok());
    grace.zip(published).is_some_and(|(grace, published)| now.duration_since(published) < grace)
}
