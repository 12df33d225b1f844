//! From a finding to what can be looked at: the lines and traces of the new version that show it, and the numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use shipway_analysis::logs::{Level, Record, is_in_breach, is_of_template};
use shipway_analysis::traces::Span;
use shipway_model::Millis;
use shipway_model::analysis::{Finding, LINES_MAX, LogLine, Series, Signal, TRACES_MAX, Trail};
use shipway_model::resource::strategy::LogRule;

use super::super::past::before;
use crate::otlp::Line;

const LINE_BYTES_MAX: usize = 300;

/// What the new version wrote and went through, as far as it is kept.
pub(super) struct Ground<'g> {
    /// The earliest first.
    pub(super) lines: &'g [Arc<Line>],
    pub(super) spans: &'g [Span],
    pub(super) logs: Option<&'g LogRule>,
    pub(super) now: Timestamp,
}

impl Ground<'_> {
    /// Where a finding in logs or traces leads; nothing where what shows it is no longer kept.
    pub(super) fn from(&self, finding: &Finding) -> Option<Trail> {
        match finding.of {
            Signal::Metrics => None,
            Signal::Logs => {
                let lines = self.latest(|it| self.shows(finding, &it.text));
                let traces = lines.iter().filter_map(|it| trace_of(it)).collect();
                self.trail(lines, traces)
            }
            Signal::Traces => {
                let traces = self.through(finding);
                // Some say their trace in a field, or somewhere in the text.
                let is_of_them = |it: &Line| {
                    traces.iter().any(|id| it.trace.as_ref() == Some(id) || it.text.contains(id.as_str()))
                };
                self.trail(self.latest(is_of_them), traces)
            }
        }
    }

    /// Where harm leads that numbers show: what was written of level warn and above in the stretch before, and the traces
    /// of it that failed, else the slowest ones.
    pub(super) fn of_stretch(&self, stretch: Millis, series: Vec<Series>) -> Trail {
        let from = before(self.now, stretch);
        let from_ns = nanoseconds(from);
        let is_grave = |it: &Line| it.at_ns >= from_ns && Record::read(&it.text).level >= Some(Level::Warn);
        let lines = self.latest(is_grave).iter().map(|it| written(it)).collect();
        let of_stretch = self.spans.iter().filter(|it| it.end_ns >= from_ns);
        let traces = gravest(of_stretch.map(|it| (it.is_failed, it)));
        Trail { from, to: self.now, series, lines, traces }
    }

    /// Lines with this, the latest first.
    fn latest(&self, is_wanted: impl Fn(&Line) -> bool) -> Vec<&Line> {
        let all = self.lines.iter().rev().map(|it| &**it);
        all.filter(|it| is_wanted(it)).take(LINES_MAX).collect()
    }

    fn shows(&self, finding: &Finding, line: &str) -> bool {
        let Some(rule) = self.logs else { return false };
        match finding.change.as_str() {
            "knownFailure" => {
                let signature = rule.signatures.iter().find(|it| it.name == finding.what);
                signature.is_some_and(|it| it.matches(line))
            }
            "breaksStructure" => {
                rule.structure.as_ref().is_some_and(|it| is_in_breach(it, &finding.what, line))
            }
            "missingField" => Record::read(line)
                .fields
                .is_some_and(|it| it.get(&finding.what).is_none_or(|it| it.is_null())),
            // Of a share that grew there is no template.
            _ if finding.example.is_none() => Record::read(line).level >= Some(Level::Error),
            _ => is_of_template(&finding.what, line),
        }
    }

    /// The traces that went through a finding's hop, those in which it failed or took longest first.
    fn through(&self, finding: &Finding) -> Vec<String> {
        let callee = finding.what.rsplit(" → ").next().unwrap_or_default();
        let calls = self.spans.iter().filter(|it| format!("{}: {}", it.service, it.name) == callee);
        let is_failing = finding.change == "failing";
        let mut traces = gravest(calls.map(|it| (is_failing && it.is_failed, it)));
        // The one that the comparison chose, by the hop's own time.
        if let Some(example) = &finding.example {
            traces.retain(|it| it != example);
            traces.insert(0, example.clone());
            traces.truncate(TRACES_MAX);
        }
        traces
    }

    fn trail(&self, lines: Vec<&Line>, traces: Vec<String>) -> Option<Trail> {
        if lines.is_empty() && traces.is_empty() {
            return None;
        }
        let of_traces = self.spans.iter().filter(|it| traces.contains(&it.trace));
        let ends = of_traces.flat_map(|it| [it.start_ns, it.end_ns]);
        let instants: BTreeSet<u64> = lines.iter().map(|it| it.at_ns).chain(ends).collect();
        let at = |ns: Option<&u64>| ns.map_or(self.now, |it| instant(*it));
        let (from, to) = (at(instants.first()), at(instants.last()));
        let lines = lines.into_iter().map(written).collect();
        Some(Trail { from, to, series: Vec::new(), lines, traces })
    }
}

/// The ids of their traces: those marked first, then by the time that the longest call took.
fn gravest<'s>(calls: impl Iterator<Item = (bool, &'s Span)>) -> Vec<String> {
    let mut by_trace: BTreeMap<&str, (bool, u64)> = BTreeMap::new();
    for (is_marked, span) in calls {
        let took = (is_marked, span.end_ns - span.start_ns);
        let known = by_trace.entry(&span.trace).or_insert(took);
        *known = (*known).max(took);
    }
    let mut ranked: Vec<_> = by_trace.into_iter().collect();
    ranked.sort_by(|(_, one), (_, other)| other.cmp(one));
    ranked.into_iter().take(TRACES_MAX).map(|(trace, _)| trace.to_owned()).collect()
}

fn written(line: &Line) -> LogLine {
    let text = &line.text[..line.text.floor_char_boundary(LINE_BYTES_MAX)];
    LogLine {
        at: instant(line.at_ns),
        text: text.to_owned(),
        trace: trace_of(line),
        instance: line.instance.as_deref().map(str::to_owned),
    }
}

/// The trace in which a line was written, as OpenTelemetry tells it, or by a field of its own.
fn trace_of(line: &Line) -> Option<String> {
    const FIELDS: [&str; 3] = ["trace_id", "traceId", "trace.id"];
    if line.trace.is_some() {
        return line.trace.clone();
    }
    let fields = Record::read(&line.text).fields?;
    let text = |name: &str| fields.get(name).and_then(|it| it.as_str());
    // The header of W3C Trace Context has the id behind its version.
    let of_header = text("traceparent").and_then(|it| it.split('-').nth(1));
    let id = FIELDS.iter().find_map(|it| text(it)).or(of_header)?;
    (id.len() == 32 && id.bytes().all(|it| it.is_ascii_hexdigit())).then(|| id.to_owned())
}

fn instant(ns: u64) -> Timestamp {
    Timestamp::from_nanosecond(ns.into()).unwrap_or(Timestamp::MAX)
}

fn nanoseconds(at: Timestamp) -> u64 {
    u64::try_from(at.as_nanosecond()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expect: Option<&str>) {
        let line = Line { number: 0, at_ns: 1, text: text.to_owned(), trace: None, instance: None };
        assert_eq!(trace_of(&line).as_deref(), expect, "{text}");
    }

    #[test]
    fn a_line_leads_to_its_trace_by_a_field_or_the_header_that_came_with_the_request() {
        let id = "0af7651916cd43dd8448eb211c80319c";
        check(&format!(r#"{{"trace_id":"{id}"}}"#), Some(id));
        check(&format!(r#"{{"traceparent":"00-{id}-b7ad6b7169203331-01"}}"#), Some(id));
        check(r#"{"trace_id":"seventeen"}"#, None);
        check(&format!("plain {id}"), None);
    }
}
