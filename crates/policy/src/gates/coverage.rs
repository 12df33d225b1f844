//! Code that the tests reached.

use shipway_model::EvidenceId;
use shipway_model::evidence::{Coverage as Measured, Kind, Normal, Ratio};
use shipway_model::resource::policy::Coverage;

use super::{CutShort, changed, missing, percent};
use crate::counting::View;
use crate::found::Found;

type Pick = fn(&Measured) -> Option<Ratio>;

pub(crate) fn judge(rule: &Coverage, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Coverage);
    if counted.documents.is_empty() {
        return missing("coverage report", &counted, view);
    }
    let bounds: [(&str, Option<f64>, Pick); 3] = [
        ("lines", rule.lines, |it| it.lines),
        ("branches", rule.branches, |it| it.branches),
        ("functions", rule.functions, |it| it.functions),
    ];
    let (mut faults, mut well) = (Vec::new(), Vec::new());
    let mut shown_by = counted.ids();
    let mut next = None;
    for (what, min, pick) in bounds {
        let Some(min) = min else { continue };
        match total(&counted.documents, pick) {
            None => faults.push(format!("no report says how many {what} are covered")),
            Some(it) if (it.covered as f64) * 100.0 < min * it.total as f64 => {
                let share = percent(it.covered, it.total);
                faults.push(format!(
                    "{} of {} {what} are covered ({share} %), and {min} % are asked for",
                    it.covered, it.total
                ));
            }
            Some(it) => well.push(format!("{} % of {what}", percent(it.covered, it.total))),
        }
    }
    if let Some(min) = rule.changed {
        let changes = view.evidence(Kind::Changes);
        if changes.documents.is_empty() {
            return missing("diff of what has changed", &changes, view);
        }
        match changed::covered(&changes.documents, &counted.documents) {
            Err(fault) => faults.push(fault),
            Ok(it) if (it.covered as f64) * 100.0 < min * it.total as f64 => {
                let share = percent(it.covered, it.total);
                faults.push(format!(
                    "{} of {} changed lines are covered ({share} %), and {min} % are asked for",
                    it.covered, it.total
                ));
            }
            Ok(it) if it.total == 0 => well.push("no line that can be covered has changed".to_owned()),
            Ok(it) => well.push(format!("{} % of changed lines", percent(it.covered, it.total))),
        }
        // A line that is in no list cannot be told from one that cannot be covered.
        for cut in [
            CutShort::of(&changes.documents, "changes", view),
            CutShort::of(&counted.documents, "coverage.files", view),
        ] {
            faults.extend(cut.faults);
            next = cut.next.or(next);
        }
        shown_by.extend(changes.ids());
    }
    if let Some(max_drop) = rule.max_drop {
        let now = total(&counted.documents, |it| it.lines);
        let before = total(&view.baseline(Kind::Coverage), |it| it.lines);
        match (now, before) {
            (Some(now), Some(before)) => {
                let (now, before) = (percent(now.covered, now.total), percent(before.covered, before.total));
                if now + max_drop < before {
                    faults.push(format!("{now} % of lines are covered, {before} % of what runs now, and at most {max_drop} points may be lost"));
                }
            }
            (None, _) => faults.push("no report says how many lines are covered".to_owned()),
            // The first of its kind sets the mark.
            (Some(_), None) => well.push("no coverage of what runs now to compare with".to_owned()),
        }
    }
    Found::unless(faults, format!("covered: {}", well.join(", "))).shown_by(shown_by).helped_by(next)
}

/// All reports together; nothing when one of them does not say, or there is nothing to cover.
fn total(documents: &[(EvidenceId, &Normal)], pick: Pick) -> Option<Ratio> {
    let mut sum = Ratio::default();
    for measured in documents.iter().filter_map(|(_, it)| it.coverage.as_ref()) {
        let ratio = pick(measured)?;
        sum.covered += ratio.covered;
        sum.total += ratio.total;
    }
    (sum.total > 0).then_some(sum)
}
