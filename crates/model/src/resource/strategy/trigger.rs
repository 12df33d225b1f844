//! What makes a rollout stop or go back beside the judge's own comparison: error budgets, logs and traces.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OnHarm;
use crate::Millis;

/// An objective, and how fast its error budget may burn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Slo {
    /// Percent of the requests that are to be answered without an error.
    #[schemars(range(min = 0.1, max = 99.9999))]
    pub availability: f64,
    /// The usual ones when there are none: 14.4 over an hour and five minutes and 6 over six hours and 30 minutes take
    /// back, 1 over three days and six hours tells.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub rules: Vec<BurnRule>,
}

/// Fires when both windows burn the budget at this rate or faster.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BurnRule {
    pub long: Millis,
    pub short: Millis,
    /// 1 spends the budget exactly by the end of its 30 days.
    #[schemars(range(min = 0.01, max = 1000000.0))]
    pub burn_rate: f64,
    /// So many failures in the long window at least.
    #[serde(default = "min_failures_default")]
    pub min_failures: u64,
    #[serde(default)]
    pub action: OnHarm,
}

fn min_failures_default() -> u64 {
    5
}

/// How traces of two versions are compared. They are looked at after `firstLook`, and after twice, four times, … as long;
/// the k-th look may spend 1/(k(k+1)) of `falseDiscoveries`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Comparing {
    /// Share of the findings that may be false, over all looks.
    #[serde(default = "false_discoveries_default")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub false_discoveries: f64,
    /// Ratio up to which a hop is no slower; 1.1 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub margin: Option<f64>,
    /// What happens when something speaks against the new version.
    #[serde(default = "tell")]
    pub on_worse: OnHarm,
    /// When they are looked at first; the earlier of both where logs are compared too.
    #[serde(default = "first_look_default", skip_serializing_if = "is_first_look_default")]
    pub first_look: Millis,
}

pub(super) fn false_discoveries_default() -> f64 {
    0.05
}

pub(super) fn tell() -> OnHarm {
    OnHarm::Tell
}

pub(super) fn first_look_default() -> Millis {
    Millis::from_secs(60)
}

pub(super) fn is_first_look_default(first_look: &Millis) -> bool {
    *first_look == first_look_default()
}

impl Default for Comparing {
    fn default() -> Self {
        Self {
            false_discoveries: false_discoveries_default(),
            margin: None,
            on_worse: tell(),
            first_look: first_look_default(),
        }
    }
}
