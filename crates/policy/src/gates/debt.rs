//! Technical debt below a bound.

use shipway_model::Millis;
use shipway_model::evidence::Kind;
use shipway_model::resource::policy::Debt;

use super::missing;
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(rule: &Debt, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Debt);
    let reports: Vec<_> = counted.documents.iter().filter_map(|(_, it)| it.debt.as_ref()).collect();
    if reports.is_empty() {
        return missing("report of technical debt", &counted, view);
    }
    let mut faults = Vec::new();
    let issues: u64 = reports.iter().map(|it| it.issues).sum();
    if let Some(max) = rule.max_issues.filter(|max| issues > *max) {
        faults.push(format!("{issues} issues are open, and at most {max} may be"));
    }
    if let Some(max) = rule.max_effort {
        match reports.iter().map(|it| it.effort_minutes).sum::<Option<u64>>() {
            None => faults.push("the report does not say how much effort the debt is".to_owned()),
            Some(minutes) if minutes.saturating_mul(60_000) > max.0 => {
                faults.push(format!("the debt is {}, and at most {max} may be", Millis(minutes * 60_000)));
            }
            Some(_) => {}
        }
    }
    Found::unless(faults, format!("{issues} issues are open")).shown_by(counted.ids())
}
