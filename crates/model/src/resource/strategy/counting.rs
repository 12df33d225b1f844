//! When measurements against static thresholds take a canary back: the rules of Flagger and of Argo Rollouts.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How breaches of `threshold` are counted. Names and meanings are the tools' own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Counting {
    /// Every block with a breach or without data counts, and so many of them are harm.
    Flagger(FlaggerLimit),
    /// Failures, inconclusive measurements and errors are counted apart, each with its own limit.
    Argo(ArgoLimits),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FlaggerLimit {
    /// So many failed checks of one metric are harm.
    #[serde(default = "five")]
    #[schemars(range(min = 1, max = 10000))]
    pub threshold: u32,
}

/// Argo Rollouts' limits on the number of bad measurements of one metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ArgoLimits {
    /// More failures than this are harm; 0 when absent.
    #[serde(default)]
    pub failure_limit: u32,
    /// More measurements than this that are neither success nor failure are for a person to decide; 0 when absent.
    #[serde(default)]
    pub inconclusive_limit: u32,
    /// More errors in a row than this are no verdict; 4 when absent.
    #[serde(default = "four")]
    pub consecutive_error_limit: u32,
    /// After so many measurements within the limits the metric is healthy, and not before; when absent, whenever the last one is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub count: Option<u32>,
}

/// Flagger's own example counts to five.
fn five() -> u32 {
    5
}

fn four() -> u32 {
    4
}

impl Default for FlaggerLimit {
    fn default() -> Self {
        Self { threshold: five() }
    }
}

impl Default for ArgoLimits {
    fn default() -> Self {
        Self { failure_limit: 0, inconclusive_limit: 0, consecutive_error_limit: four(), count: None }
    }
}
