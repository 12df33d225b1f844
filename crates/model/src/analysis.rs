//! What the judge reads and what it answers: blocks of observations of two arms, and a verdict with reasons.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Millis;

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
}
