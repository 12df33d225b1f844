//! Tests that say the same when they are run again.

use shipway_model::evidence::Kind;
use shipway_model::quarantine::History;
use shipway_model::resource::policy::Flakiness;

use super::{listed, missing, quarantine};
use crate::counting::View;
use crate::facts::Evidence;
use crate::flakiness::{Run, histories};
use crate::found::Found;

pub(crate) fn judge(rule: &Flakiness, view: &View<'_>) -> Found {
    let counted = view.evidence(Kind::Tests);
    if counted.documents.is_empty() {
        return missing("test report", &counted, view);
    }
    let aside = quarantine::in_force(view);
    let mut ids = Vec::new();
    // Not the latest alone: what is asked is whether they agree.
    let all = view.attached().chain(view.attached_before());
    let runs: Vec<Run<'_>> = all
        .filter(|it| it.kinds.contains(&Kind::Tests))
        .filter_map(|it| {
            let tests = it.normal.as_ref()?.tests.as_ref()?;
            ids.push(it.id);
            Some(Run { code: code(it), at: it.at, tests })
        })
        .collect();
    let n_runs = runs.len();
    let found = histories(runs, rule.rate);
    let is_flaky = |it: &&History| it.confidence >= rule.confidence;
    let (hidden, open): (Vec<_>, Vec<_>) = found
        .iter()
        .filter(is_flaky)
        .partition(|it| aside.iter().any(|held| held.names(&it.suite, &it.test)));
    let mut faults = Vec::new();
    if open.len() as u64 > rule.max {
        faults.push(format!("{} tests are flaky, and at most {} may be", open.len(), rule.max));
        faults.extend(listed(open.into_iter().map(told).collect()));
    }
    let well = format!("{} tests agree with themselves over {n_runs} reports", found.len() - hidden.len());
    let mut found = Found::unless(faults, well).shown_by(ids);
    found.reasons.extend(hidden.iter().map(|it| format!("in quarantine: {}", told(it))));
    if !hidden.is_empty() {
        found.until = aside.iter().map(|it| it.until()).min();
    }
    found
}

fn code(evidence: &Evidence) -> String {
    evidence.subject.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

fn told(it: &History) -> String {
    let (k, n, sure) = (it.disagreeing, it.compared, (it.confidence * 1000.0).floor() / 10.0);
    format!(
        "{} › {} disagreed with itself in {k} of {n} runs of the same code ({sure} % sure)",
        it.suite, it.test
    )
}
