//! No secret in what was scanned.

use shipway_model::Name;
use shipway_model::evidence::{FindingKind, Kind};
use shipway_model::gate::Status;

use super::finding::{left_out, open, sort};
use super::{listed, missing};
use crate::counting::View;
use crate::found::Found;

/// The formats whose documents are scans for secrets, so that an empty one is a clean one.
const SCANNERS: [&str; 3] = ["gitleaks", "trivy", "trufflehog"];

pub(crate) fn judge(policy: &Name, view: &View<'_>) -> Found {
    let mut counted = view.evidence(Kind::Findings);
    let has_secrets = |it: &shipway_model::evidence::Normal| {
        it.findings.iter().flatten().any(|it| it.kind == FindingKind::Secret)
    };
    counted.documents.retain(|(_, it)| SCANNERS.contains(&it.format.as_str()) || has_secrets(it));
    if counted.documents.is_empty() {
        return missing("scan for secrets", &counted, view);
    }
    let sorted = sort(policy, view, open(&counted, &[FindingKind::Secret]));
    let mut faults = listed(sorted.faults);
    let left_out = left_out(&counted, view, |_| true);
    faults.extend(left_out.cut.faults);
    let mut found =
        Found::unless(faults, "no secret was found").shown_by(counted.ids()).helped_by(left_out.cut.next);
    if found.status == Status::Satisfied && !sorted.waived.is_empty() {
        found.status = Status::Waived;
    }
    found.reasons.extend(sorted.waived);
    found.reasons.extend(left_out.remarks);
    found.waivers = sorted.waivers;
    found
}
