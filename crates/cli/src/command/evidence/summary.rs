//! A document in normal form, in a few lines for people.

use std::path::Path;

use shipway_model::evidence::{
    Case, CaseResult, Counts, Coverage, Debt, Finding, Load, Mutation, Normal, Ratio, Severity, Tests,
};

use super::show::word;
use crate::output::{Paint, plain};

/// Most single failures, findings and survivors that are named; the JSON has them all.
const NAMED_MAX: usize = 10;

/// What the document says, the bad first.
pub(super) fn render(path: &Path, normal: &Normal, paint: Paint) -> String {
    let tool = normal.tool.as_deref().map_or_else(String::new, |it| format!(" by {}", plain(it)));
    let path = plain(&path.display().to_string());
    let mut page = Page { text: format!("{}  {}{tool}\n", paint.strong(&path), normal.format), paint };
    normal.tests.iter().for_each(|it| page.tests(it));
    normal.coverage.iter().for_each(|it| page.coverage(it));
    if let (Some(findings), Some(counts)) = (&normal.findings, &normal.counts) {
        page.findings(findings, counts);
    }
    if let Some(components) = &normal.components {
        page.line("components", &components.len().to_string());
    }
    if let Some(statements) = &normal.statements {
        page.line("statements", &format!("{} on vulnerabilities", statements.len()));
    }
    normal.load.iter().for_each(|it| page.load(it));
    normal.mutation.iter().for_each(|it| page.mutation(it));
    normal.debt.iter().for_each(|it| page.debt(it));
    for it in normal.attestations.iter().flatten() {
        let signatures = format!("{} signatures, not verified here", it.signatures);
        page.line(
            "attests",
            &plain(&format!("{} about {} subjects: {signatures}", it.predicate_type, it.subjects.len())),
        );
    }
    for it in normal.contracts.iter().flatten() {
        page.line(
            "contract",
            &plain(&format!("{} {}", it.word(), normal.about.as_deref().unwrap_or_default())),
        );
    }
    for (part, n) in &normal.omitted {
        page.line("omitted", &format!("{n} of {part}: a gate that needs them all wants the report in parts"));
    }
    normal.remarks.iter().for_each(|it| page.line("remark", &plain(it)));
    page.text
}

struct Page {
    text: String,
    paint: Paint,
}

impl Page {
    fn line(&mut self, name: &str, value: &str) {
        self.text += &format!("  {name:<10} {value}\n");
    }

    fn tests(&mut self, it: &Tests) {
        let Tests { total, passed, failed, errors, skipped, flaky, .. } = it;
        let text = format!(
            "{total}: {passed} passed ({flaky} flaky), {failed} failed, {errors} in error, {skipped} skipped"
        );
        let text = if failed + errors > 0 { self.paint.bad(&text) } else { text };
        self.line("tests", &text);
        if let Some(duration_s) = it.duration_s {
            self.line("duration", &format!("{duration_s:.3} s"));
        }
        let is_told = |it: &&Case| it.flaky || matches!(it.result, CaseResult::Failed | CaseResult::Error);
        for case in it.cases.iter().filter(is_told).take(NAMED_MAX) {
            let said = case.message.as_deref().and_then(|it| it.lines().next()).unwrap_or_default();
            let name = [Some(case.suite.as_str()), case.class.as_deref(), Some(case.name.as_str())];
            let name: Vec<_> = name.into_iter().flatten().filter(|it| !it.is_empty()).collect();
            let result = if case.flaky { "flaky".to_owned() } else { word(&case.result) };
            self.line(&result, &plain(&format!("{}  {said}", name.join(" :: "))));
        }
    }

    fn coverage(&mut self, it: &Coverage) {
        let parts = [("lines", it.lines), ("branches", it.branches), ("functions", it.functions)];
        let known: Vec<_> =
            parts.iter().filter_map(|(name, ratio)| Some(format!("{name} {}", share((*ratio)?)))).collect();
        let known = if known.is_empty() { "nothing to cover".to_owned() } else { known.join(", ") };
        self.line("coverage", &format!("{known}, in {} files", it.files.len()));
    }

    fn findings(&mut self, findings: &[Finding], counts: &Counts) {
        let Counts { critical, high, medium, low, none, unknown, suppressed } = counts;
        let text = format!(
            "{}: {critical} critical, {high} high, {medium} medium, {low} low, {none} none, {unknown} unknown; {suppressed} suppressed",
            findings.len()
        );
        let text = if critical + high > 0 { self.paint.bad(&text) } else { text };
        self.line("findings", &text);
        let mut worst: Vec<_> = findings.iter().filter(|it| !it.suppressed).collect();
        worst.sort_by_key(|it| std::cmp::Reverse(it.severity));
        for finding in worst.into_iter().filter(|it| it.severity >= Severity::High).take(NAMED_MAX) {
            let package = finding.package.as_ref().map(|it| {
                let version = it.version.as_deref().unwrap_or_default();
                format!("{} {version}", it.name)
            });
            let location = finding.location.as_ref().map(|it| {
                let line = it.line.map_or_else(String::new, |it| format!(":{it}"));
                format!("{}{line}", it.file)
            });
            let place = package.or(location).unwrap_or_default();
            let title = finding.title.as_deref().and_then(|it| it.lines().next()).unwrap_or_default();
            self.line(&word(&finding.severity), &plain(&format!("{}  {place}  {title}", finding.id)));
        }
    }

    fn load(&mut self, it: &Load) {
        let rate = it.rps.map_or_else(String::new, |it| format!(", {it:.1} per second"));
        self.line("load", &format!("{} requests, {} errors{rate}", it.requests, it.errors));
        let latency = &it.latency_ms;
        let parts = [
            ("mean", latency.mean),
            ("p50", latency.p50),
            ("p95", latency.p95),
            ("p99", latency.p99),
            ("max", latency.max),
        ];
        let known: Vec<_> =
            parts.iter().filter_map(|(name, it)| Some(format!("{name} {:.2} ms", (*it)?))).collect();
        if !known.is_empty() {
            self.line("latency", &known.join(", "));
        }
        for (name, held) in &it.thresholds {
            let word = if *held { self.paint.good("held") } else { self.paint.bad("missed") };
            self.line("threshold", &format!("{word}  {}", plain(name)));
        }
    }

    fn mutation(&mut self, it: &Mutation) {
        let score = it.score.map_or_else(|| "no score".to_owned(), |it| format!("score {:.1} %", it * 100.0));
        let Mutation { killed, survived, timeout, no_coverage, ignored, .. } = it;
        let text = format!(
            "{score}: {killed} killed, {timeout} timed out, {survived} survived, {no_coverage} not covered, {ignored} ignored"
        );
        self.line("mutants", &text);
        for survivor in it.survivors.iter().take(NAMED_MAX) {
            let line = survivor.location.line.map_or_else(String::new, |it| format!(":{it}"));
            self.line(
                "survivor",
                &plain(&format!("{}{line}  {}", survivor.location.file, survivor.mutation)),
            );
        }
    }

    fn debt(&mut self, it: &Debt) {
        let Debt { issues, bugs, vulnerabilities, smells, effort_minutes } = it;
        let effort = effort_minutes.map_or_else(String::new, |it| format!(", {it} minutes to mend"));
        self.line(
            "debt",
            &format!(
                "{issues} issues: {bugs} bugs, {vulnerabilities} vulnerabilities, {smells} smells{effort}"
            ),
        );
    }
}

/// `66.6 % (4 of 6)`; cut and not rounded, so that 100 % means all.
fn share(Ratio { covered, total }: Ratio) -> String {
    if total == 0 {
        return "none".to_owned();
    }
    let tenths = u128::from(covered) * 1000 / u128::from(total);
    format!("{}.{} % ({covered} of {total})", tenths / 10, tenths % 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_is_a_hundred_percent() {
        assert_eq!(share(Ratio { covered: 9_999, total: 10_000 }), "99.9 % (9999 of 10000)");
        assert_eq!(share(Ratio { covered: 4, total: 6 }), "66.6 % (4 of 6)");
        assert_eq!(share(Ratio { covered: 3, total: 3 }), "100.0 % (3 of 3)");
    }
}
