//! Logs and traces of both versions beside the numbers: compared by the same code as offline, at looks that grow rarer.
//!
//! Each test looks at everything that came so far, so looking often would find what is not there. The looks are after a
//! minute, or what the rule says, and then after twice, four times, … as long; the k-th may spend 1/(k(k+1)) of the rate of false discoveries, which adds up to all of it.
//!
//! What speaks against the new version leads on: to its lines and traces, and to the numbers.

mod found;
mod trail;

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_analysis::canary::Arm;
use shipway_analysis::logs::{self, Logs, Signatures};
use shipway_analysis::traces::{self, Forest};
use shipway_model::analysis::{Decision, Finding, MetricVerdict, Series, Signal, Verdict};
use shipway_model::effect::MetricsSource;
use shipway_model::resource::metric::Metric;
use shipway_model::resource::strategy::{Analysis, Comparing, LogRule, OnHarm};
use shipway_model::{Millis, Version};
use shipway_runtime::driver::Assessment;

use self::found::{OF_SIGNAL_MAX, in_logs, in_traces, told};
use self::trail::Ground;
use crate::asking::now;
use crate::asking::series::query_of;
use crate::otlp::{Speaker, Telemetry};

/// Templates are compared as offline unless the strategy says otherwise.
const LOGS_MARGIN: f64 = 2.0;
const TRACES_MARGIN: f64 = 1.1;
/// Harm that numbers show leads to what was written and traced for so long before, or over the last block.
const STRETCH_MIN: Millis = Millis::from_secs(60);

/// What of both versions is compared, as far as it came.
pub(super) struct Signals<'o> {
    telemetry: &'o Telemetry,
    rules: BTreeMap<Signal, Comparing>,
    logs: Option<LogRule>,
    /// What the numbers are, for whoever looks on.
    metrics: Vec<Metric>,
    interval: Millis,
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
        let of_logs = rule.logs.as_ref().map(LogRule::comparing);
        let rules = [(Signal::Logs, of_logs), (Signal::Traces, rule.traces)];
        let looks = rules.iter().filter_map(|(_, rule)| Some(rule.as_ref()?.first_look));
        let first_look = looks.min().unwrap_or(STRETCH_MIN);
        let mut findings: BTreeMap<Signal, Vec<Finding>> = BTreeMap::new();
        // What numbers show is the judge's to say, each time anew.
        for it in found.into_iter().filter(|it| it.of != Signal::Metrics) {
            findings.entry(it.of).or_default().push(it);
        }
        let mut signals = Self {
            telemetry,
            rules: rules.into_iter().filter_map(|(signal, rule)| Some((signal, rule?))).collect(),
            logs: rule.logs.clone(),
            metrics: rule.metrics.clone(),
            interval: rule.interval,
            control: Speaker::of(metrics, control),
            canary: Speaker::of(metrics, canary),
            lines: empty(rule.logs.as_ref()),
            next: [0, 0],
            n_looks: 0,
            look_at: first_look,
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
                lines.iter().for_each(|it| self.lines.read_line(arm, &it.text));
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
            let mut found = self.look(signal, rule, share);
            self.lead_on(&mut found);
            let n_worse = found.iter().filter(|it| it.is_worse).count();
            let (n, of) = (found.len(), word(signal));
            let missing = if signal == Signal::Logs { self.missing() } else { String::new() };
            told.push(format!(
                "look {k} at the {of}: {n} findings, {n_worse} of them for the worse{missing}"
            ));
            self.remember(signal, found);
        }
        told
    }

    fn look(&self, signal: Signal, rule: Comparing, false_discoveries: f64) -> Vec<Finding> {
        match signal {
            Signal::Metrics => Vec::new(),
            Signal::Logs => {
                let margin = rule.margin.unwrap_or(LOGS_MARGIN);
                let rule = logs::Rule { false_discoveries, margin, ..logs::Rule::default() };
                in_logs(self.lines.report(&rule), false_discoveries)
            }
            Signal::Traces => {
                let forest = |speaker: &Speaker| Forest::grow(self.telemetry.spans(speaker));
                let rule = traces::Rule { false_discoveries, margin: rule.margin.unwrap_or(TRACES_MARGIN) };
                in_traces(traces::compare(&forest(&self.control), &forest(&self.canary), &rule))
            }
        }
    }

    /// What the comparison has not seen, because it came too fast for the agents.
    fn missing(&self) -> String {
        let dropped = [&self.control, &self.canary].map(|it| self.telemetry.dropped_bytes(it));
        match dropped {
            [0, 0] => String::new(),
            [control, canary] => format!(
                "; {control} bytes of what control wrote and {canary} of what the canary wrote came too fast to be sent"
            ),
        }
    }

    /// What an earlier look has found stands: a share of it may be false, and that was agreed.
    fn remember(&mut self, signal: Signal, found: Vec<Finding>) {
        let known = self.findings.entry(signal).or_default();
        for it in found {
            match known.iter_mut().find(|old| old.what == it.what && old.change == it.change) {
                Some(old) => *old = it,
                None => known.push(it),
            }
        }
        known.sort_by_key(|it| !it.is_worse);
        known.truncate(OF_SIGNAL_MAX);
    }

    /// Gives each finding that speaks against the new version what shows it.
    fn lead_on(&self, found: &mut [Finding]) {
        if !found.iter().any(|it| it.is_worse) {
            return;
        }
        let (lines, spans) = self.of_canary();
        let ground = Ground { lines: &lines, spans: &spans, logs: self.logs.as_ref(), now: now() };
        for it in found.iter_mut().filter(|it| it.is_worse) {
            it.trail = ground.from(it).map(Box::new);
        }
    }

    fn of_canary(&self) -> (Vec<Arc<crate::otlp::Line>>, Vec<traces::Span>) {
        (self.telemetry.lines(&self.canary, 0).0, self.telemetry.spans(&self.canary))
    }

    /// What was found so far, and what follows from it, over what the judge says.
    pub(super) fn weigh(&self, assessment: &mut Assessment) {
        let verdict = &mut assessment.verdict;
        verdict.findings = self.in_numbers(verdict);
        verdict.findings.extend(self.findings.values().flatten().cloned());
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

    /// Of harm that the judge has found in the numbers, the weightiest metric, and where it leads.
    fn in_numbers(&self, verdict: &Verdict) -> Vec<Finding> {
        if verdict.decision != Decision::Harmful {
            return Vec::new();
        }
        let weightiest =
            verdict.metrics.iter().max_by(|one, other| one.log_e_value.total_cmp(&other.log_e_value));
        let Some(metric) = weightiest else { return Vec::new() };
        let (lines, spans) = self.of_canary();
        let ground = Ground { lines: &lines, spans: &spans, logs: self.logs.as_ref(), now: now() };
        let trail = ground.of_stretch(self.interval.max(STRETCH_MIN), self.series(metric));
        vec![Finding {
            of: Signal::Metrics,
            change: "harmful".to_owned(),
            what: metric.name.clone(),
            is_worse: true,
            control: 0,
            canary: 0,
            // Ville's inequality: one over an e-value is a p-value at every look.
            p_value: (-metric.log_e_value).exp().min(1.0),
            example: None,
            advice: None,
            trail: Some(Box::new(trail)),
        }]
    }

    /// How the metric's numbers can be asked for again, of both versions.
    fn series(&self, metric: &MetricVerdict) -> Vec<Series> {
        let declared = self.metrics.iter().find(|it| it.name.as_str() == metric.name);
        let source = declared
            .and_then(|it| it.from.as_ref())
            .map_or("router".to_owned(), |it| it.source().to_string());
        let series = |speaker: &Speaker| Series {
            metric: metric.name.clone(),
            source: source.clone(),
            query: query_of(&metric.name, declared, speaker),
        };
        vec![series(&self.control), series(&self.canary)]
    }
}

fn empty(rule: Option<&LogRule>) -> Logs {
    let Some(rule) = rule else { return Logs::default() };
    let logs = Logs::new(Signatures { signatures: rule.signatures.clone() });
    match &rule.structure {
        Some(structure) => logs.declared(structure.clone()),
        None => logs,
    }
}

const fn word(signal: Signal) -> &'static str {
    match signal {
        Signal::Metrics => "metrics",
        Signal::Logs => "logs",
        Signal::Traces => "traces",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shipway_model::analysis::Verdict;
    use shipway_runtime::telemetry::{Encoding, Receive as _, Signal as Pushed};

    use super::*;

    fn push(telemetry: &Arc<Telemetry>, signal: Pushed, body: &serde_json::Value) {
        let read = Arc::clone(telemetry).read(signal, Encoding::Json, false, body.to_string().as_bytes());
        read.unwrap().keep().unwrap();
    }

    fn log(telemetry: &Arc<Telemetry>, version: &str, text: &str, count: usize) {
        let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let resource =
            json!({"attributes": [attribute("service.name", "web"), attribute("service.version", version)]});
        let record = json!({"severityNumber": 17, "body": {"stringValue": text}});
        let body = json!({"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": vec![record; count]}]}]});
        push(telemetry, Pushed::Logs, &body);
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
        let telemetry = Arc::new(Telemetry::default());
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
        let telemetry = Arc::new(Telemetry::default());
        let rule: Analysis = serde_json::from_value(json!({ "logs": {} })).unwrap();
        let (control, canary) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let metrics = metrics();
        let elapsed = Millis::from_secs(300);
        let signals = Signals::new(&telemetry, &rule, &metrics, (&control, &canary), elapsed, Vec::new());
        assert_eq!((signals.n_looks, signals.look_at), (3, Millis::from_secs(480)));
    }

    /// What is found in the canary's lines at the first look, beside 400 usual ones of each version.
    fn found(rule: serde_json::Value, lines: &[&str]) -> Vec<Finding> {
        let telemetry = Arc::new(Telemetry::default());
        for version in ["1.0.0", "1.1.0"] {
            log(&telemetry, version, r#"{"level":"info","message":"an order was placed"}"#, 400);
        }
        lines.iter().for_each(|it| log(&telemetry, "1.1.0", it, 1));
        let rule: Analysis = serde_json::from_value(json!({ "logs": rule })).unwrap();
        let (control, canary) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let metrics = metrics();
        let of_both = (&control, &canary);
        let mut signals = Signals::new(&telemetry, &rule, &metrics, of_both, Millis::ZERO, Vec::new());
        signals.take(Millis::from_secs(60));
        let mut assessed = assessment();
        signals.weigh(&mut assessed);
        assessed.verdict.findings
    }

    #[test]
    fn a_known_failure_is_named_with_what_helps_and_the_line() {
        let signature = json!({"name": "no-memory", "pattern": "OutOfMemoryError*", "advice": "add memory"});
        let findings =
            found(json!({ "signatures": [signature] }), &["java.lang.OutOfMemoryError: heap", "ordinary"]);
        let it = findings.iter().find(|it| it.change == "knownFailure").expect("it is found");
        assert!(it.is_worse && it.what == "no-memory" && (it.control, it.canary) == (0, 1), "{it:?}");
        assert_eq!(it.advice.as_deref(), Some("add memory"));
        let trail = it.trail.as_ref().expect("it leads on");
        assert!(trail.lines[0].text.contains("OutOfMemoryError") && trail.lines.len() == 1, "{trail:?}");
    }

    #[test]
    fn lines_that_break_the_declared_structure_are_counted_and_shown() {
        let structure = json!({"required": {"level": "level", "message": "string"}});
        let broken = [r#"{"level":"info","message":7}"#; 30];
        let findings = found(json!({ "structure": structure }), &broken);
        let it = findings.iter().find(|it| it.change == "breaksStructure").expect("it is found");
        assert!(
            it.is_worse && it.what == "message is no string" && (it.control, it.canary) == (0, 30),
            "{it:?}"
        );
        assert_eq!(it.trail.as_ref().map(|it| it.lines.len()), Some(3), "{it:?}");
    }

    #[test]
    fn harm_in_the_numbers_leads_to_the_series_the_lines_and_the_failed_traces() {
        let telemetry = Arc::new(Telemetry::default());
        log(&telemetry, "1.1.0", "the stock cannot be read", 9);
        let now_ns = now().as_nanosecond();
        let attribute = |key: &str, value: &str| json!({"key": key, "value": {"stringValue": value}});
        let span = |trace: &str, status: u32| {
            json!({"traceId": trace.repeat(16), "spanId": "01".repeat(8), "name": "GET /", "kind": 2,
                "startTimeUnixNano": now_ns.to_string(), "endTimeUnixNano": (now_ns + 5).to_string(),
                "status": {"code": status}})
        };
        let of_canary =
            json!({"attributes": [attribute("service.name", "web"), attribute("service.version", "1.1.0")]});
        let spans = [span("0a", 1), span("0b", 2)];
        let body = json!({"resourceSpans": [{"resource": of_canary, "scopeSpans": [{"spans": spans}]}]});
        push(&telemetry, Pushed::Traces, &body);
        let (control, canary) = ("1.0.0".parse().unwrap(), "1.1.0".parse().unwrap());
        let (metrics, rule) = (metrics(), Analysis::default());
        let signals =
            Signals::new(&telemetry, &rule, &metrics, (&control, &canary), Millis::ZERO, Vec::new());
        let mut assessed = assessment();
        assessed.verdict.decision = Decision::Harmful;
        let errors = json!({"name": "errors", "logEValue": 9.0, "control": 0.0, "canary": 0.5});
        assessed.verdict.metrics = vec![serde_json::from_value(errors).unwrap()];
        signals.weigh(&mut assessed);
        let [it] = &assessed.verdict.findings[..] else { panic!("{:?}", assessed.verdict.findings) };
        let trail = it.trail.as_ref().expect("it leads on");
        assert_eq!((it.of, it.what.as_str(), trail.lines.len()), (Signal::Metrics, "errors", 3));
        assert_eq!(trail.traces, ["0b".repeat(16), "0a".repeat(16)]);
        assert!(trail.series[1].query.contains("version=\"1.1.0\""), "{trail:?}");
    }
}
