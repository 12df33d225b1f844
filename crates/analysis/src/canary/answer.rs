//! What the judge says in the end.

use serde::{Deserialize, Serialize};
use shipway_model::analysis::Decision;

use super::distribution::{Bounds, QuantileAnswer};
use super::watch::Sensitivity;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    pub decision: Decision,
    /// End of the block that decided, in the data's own time; none when nothing was decided.
    pub decided_at_s: Option<f64>,
    /// Requests of canary up to then.
    pub canary_requests: u64,
    /// Natural logarithm of the e-value of all metrics together against "none is worse than its margin".
    pub log_e_value: f64,
    /// From here on that is harm.
    pub log_e_value_needed: f64,
    pub metrics: Vec<MetricAnswer>,
    /// How sensitive a watch was in the end; none of a canary.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub watch: Option<Sensitivity>,
    /// Sentences for people, the weightiest first.
    pub reasons: Vec<String>,
}

/// The evidence on one metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MetricAnswer {
    pub name: String,
    /// Against "not worse than the margin"; the greatest double where it is greater than that.
    pub e_value: f64,
    /// Its natural logarithm.
    pub log_e_value: f64,
    /// The e-value against "as bad as harm" on the channel where it is least, as a natural logarithm.
    pub log_health_e_value: f64,
    pub effect: Effect,
    /// Of latency: quantiles of both arms, and the greatest difference between their distribution functions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quantiles: Vec<QuantileAnswer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Bounds>,
    /// Since when the likeliest change has lasted, in a watch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_s: Option<f64>,
    /// End of the first block after which this metric alone would have been called harmful at `alpha`.
    pub decided_at_s: Option<f64>,
}

/// How canary compares with control, as a ratio. Null where nothing can be said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub estimate: Option<f64>,
    /// Confidence sequence at 1 − alpha: valid, asymptotically, over all looks at once.
    pub low: Option<f64>,
    pub high: Option<f64>,
    /// What the ratio is of, in words.
    pub of: String,
}
