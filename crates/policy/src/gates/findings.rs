//! Findings of static analysis below a bound.

use std::collections::BTreeSet;

use shipway_model::Name;
use shipway_model::evidence::{Finding, FindingKind, Kind};
use shipway_model::gate::Status;
use shipway_model::resource::policy::Findings;

use super::finding::{left_out, open, sort};
use super::{listed, missing};
use crate::counting::{Counted, View};
use crate::found::Found;

const KINDS: [FindingKind; 3] = [FindingKind::Static, FindingKind::Misconfiguration, FindingKind::Package];

pub(crate) fn judge(policy: &Name, rule: &Findings, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Findings);
    if counted.documents.is_empty() {
        return missing("report of static analysis", &counted, view);
    }
    let known: BTreeSet<String> = match rule.only_new {
        true => {
            let baseline = Counted { documents: view.baseline(Kind::Findings), set_aside: Vec::new() };
            open(&baseline, &KINDS).iter().map(|it| identity(it.finding)).collect()
        }
        false => BTreeSet::new(),
    };
    let grave = open(&counted, &KINDS).into_iter().filter(|it| it.finding.severity >= rule.severity);
    let blocking: Vec<_> = grave.filter(|it| !known.contains(&identity(it.finding))).collect();
    let n_blocking = blocking.len();
    let sorted = sort(policy, view, blocking);
    let left_out = left_out(&counted, view, |it| it >= rule.severity);
    let mut faults = Vec::new();
    let n_open = sorted.faults.len() as u64;
    if n_open > rule.max {
        faults.push(format!("{} findings, and at most {} may stay", sorted.faults.len(), rule.max));
        faults.extend(listed(sorted.faults));
    }
    // Any of those may be known, waived or of another kind.
    if n_open + left_out.n > rule.max {
        faults.extend(left_out.cut.faults);
    }
    let well =
        format!("{n_blocking} findings of this severity{}", if rule.only_new { " are new" } else { "" });
    let mut found = Found::unless(faults, well).shown_by(counted.ids()).helped_by(left_out.cut.next);
    if found.status == Status::Satisfied && !sorted.waived.is_empty() {
        found.status = Status::Waived;
    }
    found.reasons.extend(sorted.waived);
    found.reasons.extend(left_out.remarks);
    found.waivers = sorted.waivers;
    found
}

/// The same finding in another version: by the tool's fingerprint, else by rule and file, as lines move.
fn identity(finding: &Finding) -> String {
    match (&finding.fingerprint, &finding.location) {
        (Some(fingerprint), _) => format!("{}#{fingerprint}", finding.id),
        (None, Some(location)) => format!("{}@{}", finding.id, location.file),
        (None, None) => finding.id.clone(),
    }
}
