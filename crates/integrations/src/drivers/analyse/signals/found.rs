//! What the comparisons of logs and traces found, as findings of a verdict.

use shipway_analysis::compare::{Comparison, Share};
use shipway_analysis::{logs, traces};
use shipway_model::analysis::{FINDINGS_MAX, Finding, Signal};

/// Findings of one signal that a verdict has room for.
pub(super) const OF_SIGNAL_MAX: usize = FINDINGS_MAX / 2;

/// Everything that the logs say, the gravest first: known failures, what is not as declared, then templates.
pub(super) fn in_logs(report: logs::Report, false_discoveries: f64) -> Vec<Finding> {
    if report.canary_lines == 0 {
        return Vec::new();
    }
    let mut found: Vec<Finding> = Vec::new();
    found.extend(report.signatures.into_iter().map(|it| known_failure(it, false_discoveries)));
    found.extend(report.breaches.into_iter().map(breach));
    // What is no declaration of anybody's has only the old version to be held against.
    if report.control_lines > 0 {
        found.extend(report.findings.into_iter().map(template));
        found.extend(report.missing_fields.into_iter().map(missing_field));
        let lines = [report.control_lines, report.canary_lines];
        let shares = [("errors", report.errors), ("broken JSON objects", report.broken)];
        found.extend(shares.into_iter().filter_map(|it| share(it, lines, false_discoveries)));
    }
    found.sort_by_key(|it| !it.is_worse);
    found.truncate(OF_SIGNAL_MAX);
    found
}

fn finding(change: &str, what: String, [control, canary]: [u64; 2], p_value: f64) -> Finding {
    Finding {
        of: Signal::Logs,
        change: change.to_owned(),
        what,
        is_worse: true,
        control,
        canary,
        p_value,
        example: None,
        advice: None,
        trail: None,
    }
}

fn known_failure(it: logs::Match, false_discoveries: f64) -> Finding {
    let is_worse = it.speaks_against(false_discoveries);
    let counts = [it.control, it.canary];
    let (example, advice) = (it.example, it.advice);
    Finding { is_worse, example, advice, ..finding("knownFailure", it.name, counts, it.p_value) }
}

fn breach(it: logs::Breach) -> Finding {
    let counts = [it.control.hits, it.canary.hits];
    let (is_worse, example) = (it.is_worse, Some(it.example));
    Finding { is_worse, example, ..finding("breaksStructure", it.what, counts, it.p_value) }
}

fn template(it: logs::Finding) -> Finding {
    let change = match it.change {
        logs::Change::New => "new",
        logs::Change::MoreOften => "moreOften",
        logs::Change::LessOften => "lessOften",
        logs::Change::Gone => "gone",
    };
    let (is_worse, example) = (it.speaks_against(), Some(it.example));
    Finding { is_worse, example, ..finding(change, it.template, [it.control, it.canary], it.p_value) }
}

fn missing_field(it: logs::MissingField) -> Finding {
    let Share { hits: control, .. } = it.control;
    finding("missingField", it.field, [control, it.canary.hits], it.p_value)
}

/// More lines of a kind among all, told in lines of each version.
fn share((what, it): (&str, Comparison), lines: [u64; 2], false_discoveries: f64) -> Option<Finding> {
    (it.p_more <= false_discoveries).then(|| finding("moreOften", what.to_owned(), lines, it.p_more))
}

/// Everything that the traces say, the gravest first.
pub(super) fn in_traces(report: traces::Report) -> Vec<Finding> {
    if report.control_traces == 0 || report.canary_traces == 0 {
        return Vec::new();
    }
    let hop = |it: traces::Finding| {
        let change = match it.change {
            traces::Change::Failing => "failing",
            traces::Change::Slower => "slower",
            traces::Change::CalledMoreOften => "calledMoreOften",
            traces::Change::New => "new",
            traces::Change::Gone => "gone",
        };
        let (is_worse, example) = (it.is_worse(), it.example);
        let told = finding(change, it.hop, [it.control, it.canary], it.p_value);
        Finding { of: Signal::Traces, is_worse, example, ..told }
    };
    report.findings.into_iter().map(hop).take(OF_SIGNAL_MAX).collect()
}

/// The sentence on one that speaks against the new version.
pub(super) fn told(finding: &Finding) -> String {
    let Finding { change, what, control, canary, p_value, .. } = finding;
    match (finding.of, change.as_str()) {
        (Signal::Logs, "knownFailure") => {
            format!(
                "the known failure `{what}` is in {canary} lines of the new version, {control} of the old one"
            )
        }
        (Signal::Logs, "breaksStructure") => format!(
            "lines of the new version are not as declared, {what}: {canary} of them, {control} of the old one (p = {p_value:.1e})"
        ),
        (Signal::Logs, "missingField") => format!(
            "the field `{what}` is missing in {canary} lines of the new version, {control} of the old one (p = {p_value:.1e})"
        ),
        (Signal::Logs, "new") => format!(
            "the logs of the new version have `{what}`, which those of the old one have not: {canary} lines (p = {p_value:.1e})"
        ),
        (Signal::Logs, "moreOften") => format!(
            "the logs of the new version have `{what}` more often: {canary} lines, {control} of the old one (p = {p_value:.1e})"
        ),
        (Signal::Logs, _) => format!(
            "the logs of the new version have `{what}` otherwise, {}: {canary} lines, {control} of the old one (p = {p_value:.1e})",
            finding.change_in_words()
        ),
        (Signal::Traces, _) => format!(
            "`{what}` is {} in traces of the new version: {canary} calls, {control} of the old one (p = {p_value:.1e})",
            finding.change_in_words()
        ),
        (Signal::Metrics, _) => format!("{what} is {} (p = {p_value:.1e})", finding.change_in_words()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_words_and_not_names_of_the_wire() {
        let check = |of, change: &str, expect: &str| {
            let found = Finding { of, ..finding(change, "no stock".to_owned(), [2, 30], 1e-4) };
            assert_eq!(told(&found), expect);
        };
        check(
            Signal::Logs,
            "moreOften",
            "the logs of the new version have `no stock` more often: 30 lines, 2 of the old one (p = 1.0e-4)",
        );
        check(
            Signal::Traces,
            "calledMoreOften",
            "`no stock` is called more often in traces of the new version: 30 calls, 2 of the old one (p = 1.0e-4)",
        );
    }
}
