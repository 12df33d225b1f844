//! Logs and traces of both versions beside the numbers: compared by the same code as offline, at looks that grow rarer.
//!
//! Each test looks at everything that came so far, so looking often would find what is not there. The looks are after 1, 2,
//! 4, 8, … minutes, and the k-th may spend 1/(k(k+1)) of the rate of false discoveries, which adds up to all of it.

use std::collections::BTreeMap;

use shipway_analysis::canary::Arm;
use shipway_analysis::logs::{self, Logs};
use shipway_analysis::traces::{self, Forest};
use shipway_model::analysis::{Decision, FINDINGS_MAX, Finding, Signal};
use shipway_model::effect::MetricsSource;
use shipway_model::resource::strategy::{Analysis, Comparing, OnHarm};
use shipway_model::{Millis, Version};
use shipway_runtime::driver::Assessment;

use crate::otlp::{Speaker, Telemetry};

const FIRST_LOOK: Millis = Millis::from_secs(60);
/// Templates are compared as offline unless the strategy says otherwise.
const LOGS_MARGIN: f64 = 2.0;
const TRACES_MARGIN: f64 = 1.1;

/// What of both versions is compared, as far as it came.
pub(super) struct Signals<'o> {
    telemetry: &'o Telemetry,
    rules: BTreeMap<Signal, Comparing>,
    control: Speaker,
    canary: Speaker,
    lines: Logs,
    /// The next line of control, and of canary.
    next: [u64; 2],
    n_looks: u32,
    look_at: Millis,
    findings: BTreeMap<Signal, Vec<Finding>>,
}

impl<'o> Signals<'o> {
    /// Goes on with what was found before, `elapsed` after the beginning.
    pub(super) fn new(
        telemetry: &'o Telemetry,
        rule: &Analysis,
        metrics: &MetricsSource,
        (control, canary): (&Version, &Version),
        elapsed: Millis,
        found: Vec<Finding>,
    ) -> Self {
        let rules = [(Signal::Logs, rule.logs), (Signal::Traces, rule.traces)];
        let mut findings: BTreeMap<Signal, Vec<Finding>> = BTreeMap::new();
        for it in found {
            findings.entry(it.of).or_default().push(it);
        }
        let mut signals = Self {
            telemetry,
            rules: rules.into_iter().filter_map(|(signal, rule)| Some((signal, rule?))).collect(),
            control: Speaker::of(metrics, control),
            canary: Speaker::of(metrics, canary),
            lines: Logs::default(),
            next: [0, 0],
            n_looks: 0,
            look_at: FIRST_LOOK,
            findings,
        };
        // Looks that were taken before are not taken again.
        while signals.look_at < elapsed {
            signals.pass_look();
        }
        signals
    }

    fn pass_look(&mut self) {
        self.n_looks += 1;
        self.look_at = Millis(self.look_at.0.saturating_mul(2));
    }

    /// Takes in what came since, and looks at all of it when it is time to. Answers with what is new, for the log.
    pub(super) fn take(&mut self, elapsed: Millis) -> Vec<String> {
        if self.rules.contains_key(&Signal::Logs) {
            let [of_control, of_canary] = &mut self.next;
            let arms = [(Arm::Control, &self.control, of_control), (Arm::Canary, &self.canary, of_canary)];
            for (arm, speaker, next) in arms {
                let (lines, end) = self.telemetry.lines(speaker, *next);
                *next = end;
                lines.iter().for_each(|it| self.lines.read_line(arm, it));
            }
        }
        if elapsed < self.look_at || self.rules.is_empty() {
            return Vec::new();
        }
        self.pass_look();
        let k = f64::from(self.n_looks);
        let mut told = Vec::new();
        for (signal, rule) in self.rules.clone() {
            let share = rule.false_discoveries / (k * (k + 1.0));
            let found = match signal {
                Signal::Logs => self.in_logs(rule, share),
                Signal::Traces => self.in_traces(rule, share),
            };
            let word = match signal {
                Signal::Logs => "logs",
                Signal::Traces => "traces",
            };
            let n_worse = found.iter().filter(|it| it.is_worse).count();
            told.push(format!(
                "look {k} at the {word}: {} findings, {n_worse} of them for the worse",
                found.len()
            ));
            // What an earlier look has found stands: a share of it may be false, and that was agreed.
            let known = self.findings.entry(signal).or_default();
            for it in found {
                match known.iter_mut().find(|old| old.what == it.what && old.change == it.change) {
                    Some(old) => *old = it,
                    None => known.push(it),
                }
            }
            known.sort_by_key(|it| !it.is_worse);
            known.truncate(FINDINGS_MAX / 2);
        }
        told
    }

    fn in_logs(&self, rule: Comparing, false_discoveries: f64) -> Vec<Finding> {
        let margin = rule.margin.unwrap_or(LOGS_MARGIN);
        let report = self.lines.report(&logs::Rule { false_discoveries, margin, ..logs::Rule::default() });
        if report.control_lines == 0 || report.canary_lines == 0 {
            return Vec::new();
        }
        let finding = |it: logs::Finding| Finding {
            of: Signal::Logs,
            change: match it.change {
                logs::Change::New => "new",
                logs::Change::MoreOften => "moreOften",
                logs::Change::LessOften => "lessOften",
                logs::Change::Gone => "gone",
            }
            .to_owned(),
            is_worse: it.speaks_against(),
            what: it.template,
            control: it.control,
            canary: it.canary,
            p_value: it.p_value,
            example: Some(it.example),
        };
        report.findings.into_iter().map(finding).take(FINDINGS_MAX / 2).collect()
    }

    fn in_traces(&self, rule: Comparing, false_discoveries: f64) -> Vec<Finding> {
        let forest = |speaker: &Speaker| Forest::grow(self.telemetry.spans(speaker));
        let rule = traces::Rule { false_discoveries, margin: rule.margin.unwrap_or(TRACES_MARGIN) };
        let report = traces::compare(&forest(&self.control), &forest(&self.canary), &rule);
        if report.control_traces == 0 || report.canary_traces == 0 {
            return Vec::new();
        }
        let finding = |it: traces::Finding| Finding {
            of: Signal::Traces,
            change: match it.change {
                traces::Change::Failing => "failing",
                traces::Change::Slower => "slower",
                traces::Change::CalledMoreOften => "calledMoreOften",
                traces::Change::New => "new",
                traces::Change::Gone => "gone",
            }
            .to_owned(),
            is_worse: it.is_worse(),
            what: it.hop,
            control: it.control,
            canary: it.canary,
            p_value: it.p_value,
            example: it.example,
        };
        report.findings.into_iter().map(finding).take(FINDINGS_MAX / 2).collect()
    }

    /// What was found so far, and what follows from it, over what the judge says.
    pub(super) fn weigh(&self, assessment: &mut Assessment) {
        let verdict = &mut assessment.verdict;
        verdict.findings = self.findings.values().flatten().cloned().collect();
        for (signal, rule) in &self.rules {
            let worst = self.findings.get(signal).and_then(|all| all.iter().find(|it| it.is_worse));
            let Some(worst) = worst else { continue };
            let sentence = told(worst);
            match rule.on_worse {
                OnHarm::Tell => verdict.reasons.push(sentence),
                // Harm by the numbers needs no second reason.
                OnHarm::Rollback | OnHarm::Hold if verdict.decision == Decision::Harmful => {
                    verdict.reasons.push(sentence);
                }
                OnHarm::Rollback => {
                    verdict.decision = Decision::Harmful;
                    verdict.reasons.insert(0, sentence);
                    assessment.is_final = true;
                }
                OnHarm::Hold => {
                    verdict.decision = Decision::NoVerdict;
                    verdict.reasons.insert(0, sentence);
                    assessment.is_final = true;
                }
            }
        }
    }
}

fn told(finding: &Finding) -> String {
    let Finding { change, what, control, canary, p_value, .. } = finding;
    match finding.of {
        Signal::Logs => {
            format!(
                "the logs of the new version have `{what}` ({change}): {canary} lines, {control} of the old one (p = {p_value:.1e})"
            )
        }
        Signal::Traces => {
            format!(
                "`{what}` is {change} in traces of the new version: {canary} calls, {control} of the old one (p = {p_value:.1e})"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shipway_model::analysis::Verdict;
    use shipway_runtime::telemetry::{Encoding, Receive as _, Signal as Pushed};

    use super::*;

    fn log(telemetry: &Telemetry, version: &str, text: &str, count: usize) {
        let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let resource =
            json!({"attributes": [attribute("service.name", "web"), attribute("service.version", version)]});
        let record = json!({"severityNumber": 17, "body": {"stringValue": text}});
        let body = json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": vec![record; count]}]}]});
        telemetry.take(Pushed::Logs, Encoding::Json, false, body.to_string().as_bytes()).unwrap();
    }

    fn metrics() -> MetricsSource {
        let (environment, service) = ("prod".parse().unwrap(), "web".parse().unwrap());
        MetricsSource { admin: String::new(), environment, service }
    }

    fn assessment() -> Assessment {
        let verdict = Verdict {
            decision: Decision::Undecided,
            decided_at: Millis::ZERO,
            canary_requests: 0,
            canary_errors: 0,
            metrics: Vec::new(),
            reasons: Vec::new(),
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        };
        Assessment { verdict, is_final: false }
    }

    /// The decision after each of the given seconds, with 400 lines a version and as many new ones of the canary's.
    fn decisions(rule: serde_json::Value, n_new: usize, seconds: &[u64]) -> Vec<(Decision, bool, usize)> {
        let telemetry = Telemetry::default();
        log(&telemetry, "1.0.0", "an order was placed", 400);
        log(&telemetry, "1.1.0", "an order was placed", 400);
        log(&telemetry, "1.1.0", "the stock cannot be read", n_new);
        let rule: Analysis = serde_json::from_value(json!({ "logs": rule })).unwrap();
        let (control, canary) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let metrics = metrics();
        let mut signals =
            Signals::new(&telemetry, &rule, &metrics, (&control, &canary), Millis::ZERO, Vec::new());
        let at = |second: &u64| {
            signals.take(Millis::from_secs(*second));
            let mut assessed = assessment();
            signals.weigh(&mut assessed);
            (assessed.verdict.decision, assessed.is_final, assessed.verdict.findings.len())
        };
        seconds.iter().map(at).collect()
    }

    #[test]
    fn new_templates_do_what_the_strategy_says_at_the_next_look() {
        let check = |action: &str, decision, is_final| {
            let found = decisions(json!({ "onWorse": action }), 30, &[10, 59, 60]);
            assert_eq!(found[1], (Decision::Undecided, false, 0), "{action}");
            assert_eq!((found[2].0, found[2].1), (decision, is_final), "{action}");
            assert!(found[2].2 > 0, "{action}");
        };
        check("rollback", Decision::Harmful, true);
        check("hold", Decision::NoVerdict, true);
        check("tell", Decision::Undecided, false);
    }

    #[test]
    fn logs_that_are_alike_say_nothing() {
        let found = decisions(json!({ "onWorse": "rollback" }), 1, &[60, 120, 240, 480]);
        assert!(found.iter().all(|it| *it == (Decision::Undecided, false, 0)), "{found:?}");
    }

    #[test]
    fn a_look_that_was_taken_is_not_taken_again() {
        let telemetry = Telemetry::default();
        let rule: Analysis = serde_json::from_value(json!({ "logs": {} })).unwrap();
        let (control, canary) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let metrics = metrics();
        let elapsed = Millis::from_secs(300);
        let signals = Signals::new(&telemetry, &rule, &metrics, (&control, &canary), elapsed, Vec::new());
        assert_eq!((signals.n_looks, signals.look_at), (3, Millis::from_secs(480)));
    }
}
