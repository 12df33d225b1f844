//! What the judge reads and what it answers: blocks of observations of two arms, and a verdict with reasons.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Millis;

/// Single instances that one arm of a block tells apart. What the others did is in the arm's own numbers alone.
pub const INSTANCES_MAX: usize = 64;
/// Values of one sample that are kept one by one; of more, only the sums are.
pub const VALUES_MAX: usize = 1000;
/// Findings that one verdict tells of.
pub const FINDINGS_MAX: usize = 20;
/// Lines to which one finding leads.
pub const LINES_MAX: usize = 3;
/// Traces to which one finding leads.
pub const TRACES_MAX: usize = 5;

/// Both arms over one and the same stretch of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Block {
    /// Start of the block, since the start of the analysis.
    pub start: Millis,
    pub length: Millis,
    /// The version being replaced.
    pub control: Arm,
    /// The version being judged.
    pub canary: Arm,
}

/// What one arm did during a block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Arm {
    pub requests: u64,
    /// Of those, how many failed (status 500 or above, or no answer).
    pub errors: u64,
    #[serde(default, skip_serializing_if = "Histogram::is_empty")]
    pub latency: Histogram,
    /// Parts of the above by instance, where the source tells them apart; at most [`INSTANCES_MAX`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub instances: BTreeMap<String, Part>,
    /// Metrics that come from other sources, by their name. One that is missing was not reported.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Sample>,
}

/// What one instance of an arm did during a block.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Part {
    pub requests: u64,
    pub errors: u64,
    /// Durations per bucket of the arm's latency.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub latency_counts: Vec<u64>,
    /// Of a past period, which counts as an instance: its metrics from other sources.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metrics: BTreeMap<String, Sample>,
}

/// What one metric of an arm came to during a block; each kind has the parts that it needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sample {
    /// Units, such as sessions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub n: Option<u64>,
    /// Hits among the units, or events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub x: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum: Option<f64>,
    /// Sum of the squares.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sum_sq: Option<f64>,
    /// One per unit; at most [`VALUES_MAX`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Vec<f64>>,
    /// Durations.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<Histogram>,
}

/// Counts of durations per bucket. `counts` has one entry more than `bounds_ms`: the last one is everything above.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Histogram {
    /// Upper bounds, in milliseconds, strictly increasing.
    pub bounds_ms: Vec<f64>,
    pub counts: Vec<u64>,
}

impl Histogram {
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }
}

/// What a judge decided, and why.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Verdict {
    pub decision: Decision,
    /// Since the start of the analysis.
    pub decided_at: Millis,
    pub canary_requests: u64,
    pub canary_errors: u64,
    pub metrics: Vec<MetricVerdict>,
    /// Sentences for people, the weightiest first.
    pub reasons: Vec<String>,
    /// How far the evidence is from a decision, where the judge gathers evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    /// How sensitive a watch is now, by its written rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// What metrics, logs and traces say, the gravest first; at most [`FINDINGS_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<Finding>,
}

/// What of a watch's budget of false alarms is spent by when.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sensitivity {
    /// The chance of a false alarm that the whole watch may have.
    pub budget: f64,
    /// The part of it for changes that began by now.
    pub spent: f64,
    /// Per hour, for changes that begin now.
    pub budget_per_hour: f64,
}

/// Something in metrics, logs or traces that is otherwise than it was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Finding {
    pub of: Signal,
    /// What changed, in a word: `harmful` of metrics; `new`, `moreOften`, `knownFailure`, `breaks`, … of logs; `slower`,
    /// `failing`, … of traces.
    pub change: String,
    /// The metric, the template, the name of the known failure, what is wrong with lines, or the hop.
    pub what: String,
    /// Whether it speaks against the new version.
    pub is_worse: bool,
    /// How often each version had it: lines, calls; nothing of metrics.
    pub control: u64,
    pub canary: u64,
    /// The chance of such a difference where there is none.
    pub p_value: f64,
    /// A line, or the id of a trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub example: Option<String>,
    /// What is known to help, of a known failure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// Where to look on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trail: Option<Box<Trail>>,
}

impl Finding {
    /// What changed as people write it: `moreOften` is `more often`.
    pub fn change_in_words(&self) -> String {
        let mut words = String::with_capacity(self.change.len() + 2);
        for letter in self.change.chars() {
            if letter.is_uppercase() {
                words.push(' ');
            }
            words.extend(letter.to_lowercase());
        }
        words
    }
}

/// What leads on from a finding: the numbers, lines and traces of the new version around the time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Trail {
    pub from: Timestamp,
    pub to: Timestamp,
    /// What was asked, of metrics.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub series: Vec<Series>,
    /// At most [`LINES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LogLine>,
    /// Ids, at most [`TRACES_MAX`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub traces: Vec<String>,
}

/// Numbers, as they can be asked for again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Series {
    pub metric: String,
    /// The name of the source, or `router`.
    pub source: String,
    /// What the source is asked for the version: a selector, a query, a path, or an instrument and its attributes.
    pub query: String,
}

/// A line that was logged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LogLine {
    pub at: Timestamp,
    /// Its first 300 bytes.
    pub text: String,
    /// Of the trace in which it was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// The instance that logged it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance: Option<String>,
}

/// Where a finding comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Signal {
    Metrics,
    Logs,
    Traces,
}

/// The evidence of all metrics together and the boundaries that decide, as natural logarithms of e-values.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Evidence {
    /// Against "no metric is worse than its margin".
    pub log_harm: f64,
    /// From here on the canary is harmful.
    pub log_harm_needed: f64,
    /// From here on, on every metric, the canary is healthy.
    pub log_health_needed: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The canary is worse by more than the margin; the chance of saying so wrongly is at most alpha.
    Harmful,
    /// Enough evidence that the canary is not worse than the margin allows.
    Healthy,
    /// Not enough evidence either way yet.
    Undecided,
    /// There is nothing to judge by; never taken for health.
    NoVerdict,
}

/// The evidence on one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MetricVerdict {
    pub name: String,
    /// Natural logarithm of the e-value against "not worse than the margin".
    pub log_e_value: f64,
    /// Control and canary, in the metric's own unit (a share for errors).
    pub control: f64,
    pub canary: f64,
    /// Natural logarithm of the e-value against "as bad as harm".
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_health_e_value: Option<f64>,
    /// How canary compares with control.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub effect: Option<Ratio>,
    /// In which control and canary are counted, where it was declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

/// Canary over control, with a confidence sequence: bounds that hold over all looks at once. Absent where nothing can
/// be said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ratio {
    /// Of what, in words.
    pub of: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub low: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub high: Option<f64>,
}

/// One moment of an analysis, for drawing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Point {
    /// Since the start of the analysis.
    pub at: Millis,
    pub decision: Decision,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Evidence>,
    pub metrics: Vec<MetricVerdict>,
}
