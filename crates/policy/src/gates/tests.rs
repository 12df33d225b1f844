//! Tests that ran and passed.

use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;

use shipway_model::evidence::{Case, CaseResult, Kind, Tests};
use shipway_model::resource::policy;

use super::{CutShort, listed, missing, percent, quarantine};
use crate::counting::View;
use crate::found::Found;

pub(crate) fn judge(rule: &policy::Tests, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Tests);
    if counted.documents.is_empty() {
        return missing("test report", &counted, view);
    }
    let aside = if rule.heed_quarantine { quarantine::in_force(view) } else { Vec::new() };
    let reported = counted.documents.iter().filter_map(|(_, it)| it.tests.as_ref());
    let (mut kept, mut hidden, mut until): (Vec<Cow<'_, Tests>>, _, _) = (Vec::new(), Vec::new(), None);
    for (tests, failures, lapses) in reported.map(|it| quarantine::without(it, &aside)) {
        kept.push(tests);
        hidden.extend(failures);
        until = [until, lapses].into_iter().flatten().min();
    }
    let reports = || kept.iter().map(|it| &**it);
    let sum = |pick: fn(&Tests) -> u64| reports().map(pick).sum::<u64>();
    let (total, passed, skipped) = (sum(|it| it.total), sum(|it| it.passed), sum(|it| it.skipped));
    let ran = total.saturating_sub(skipped);
    let mut faults = Vec::new();
    if ran < rule.min_tests {
        faults.push(format!("{ran} tests ran, and at least {} are asked for", rule.min_tests));
    }
    // Compared as whole numbers of tests: 999 of 1000 are not 100 %.
    if (passed as f64) * 100.0 < rule.pass_rate * ran as f64 {
        let rate = percent(passed, ran);
        faults.push(format!(
            "{passed} of {ran} tests passed ({rate} %), and {} % are asked for",
            rule.pass_rate
        ));
        faults.extend(listed(failures(&kept).map(told).collect()));
    }
    let ran_in = |suite: &String| {
        let mut cases = reports().flat_map(|it| &it.cases);
        cases.any(|it| it.suite == *suite && it.result != CaseResult::Skipped)
    };
    for suite in rule.suites.iter().filter(|it| !ran_in(it)) {
        faults.push(format!("no test of the suite `{suite}` ran"));
    }
    if rule.no_new_failures {
        let baseline = view.baseline(Kind::Tests);
        let baseline: Vec<&Tests> = baseline.iter().filter_map(|(_, it)| it.tests.as_ref()).collect();
        let known: BTreeSet<(&str, &str)> =
            failures(&baseline).map(|it| (it.suite.as_str(), it.name.as_str())).collect();
        let is_new = |it: &&Case| !known.contains(&(it.suite.as_str(), it.name.as_str()));
        let new: Vec<String> =
            failures(&kept).filter(is_new).map(|it| format!("new failure: {}", told(it))).collect();
        faults.extend(listed(new));
    }
    let bounds = [("flaky", rule.max_flaky, sum(|it| it.flaky)), ("skipped", rule.max_skipped, skipped)];
    for (word, max, n) in bounds {
        if let Some(max) = max.filter(|max| (n as f64) * 100.0 > max * total as f64) {
            let share = percent(n, total);
            faults.push(format!("{n} of {total} tests were {word} ({share} %), and at most {max} % may be"));
        }
    }
    // Rates are of the totals, in which all are counted.
    let cut = match rule.no_new_failures || !rule.suites.is_empty() {
        true => CutShort::of(&counted.documents, "tests.cases", view),
        false => CutShort::default(),
    };
    faults.extend(cut.faults);
    let well = format!("{passed} of {ran} tests passed");
    let mut found = Found::unless(faults, well).shown_by(counted.ids()).helped_by(cut.next);
    if !hidden.is_empty() {
        found.reasons.extend(listed(hidden));
        // From then on they count.
        found.until = until;
    }
    found
}

fn failures(reports: &[impl Borrow<Tests>]) -> impl Iterator<Item = &Case> {
    reports
        .iter()
        .flat_map(|it| &Borrow::<Tests>::borrow(it).cases)
        .filter(|it| matches!(it.result, CaseResult::Failed | CaseResult::Error))
}

fn told(case: &Case) -> String {
    let first = case.message.as_deref().and_then(|it| it.lines().next()).unwrap_or("failed");
    format!("{} › {}: {}", case.suite, case.name, first.chars().take(120).collect::<String>())
}
