//! The watch after a rollout: what is looked at once the last step is done, and what follows from it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::metric::Metric;
use super::{Analysis, Comparing, LogRule, OnHarm, OnUndecided, Slo};
use crate::Millis;

/// The rollback window and the watch behind it. Both begin when the last step of the rollout is done; a newer rollout of the
/// same service ends them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Watch {
    /// For so long `onHarm` says what harm does, and a new instance that fails takes the rollout back.
    #[serde(default = "window_default")]
    pub window: Millis,
    /// Until the end of the watch, the window included.
    #[serde(default = "duration_default")]
    pub duration: Millis,
    /// What harm does within the window.
    #[serde(default)]
    pub on_harm: OnHarm,
    /// What harm does after the window.
    #[serde(default = "tell")]
    pub after_window: OnHarm,
    /// Length of one block of comparison within the window; a minute at least after it.
    #[serde(default = "interval_default")]
    pub interval: Millis,
    /// The chance of any false alarm over the whole watch and all metrics. Half of it is spent on changes that begin within
    /// the first 72nd of the watch, a quarter until a twelfth of it, the rest until its end.
    #[serde(default = "alpha_default")]
    #[schemars(range(min = 0.000001, max = 0.5))]
    pub alpha: f64,
    /// Ratio up to which the new version is no worse, of metrics that do not say their own.
    #[serde(default = "margin_default")]
    #[schemars(range(min = 1.0, max = 100.0))]
    pub margin: f64,
    /// Past periods that it is compared with, each so long ago; a day, three days and a week when absent. It has to be worse than every
    /// one of them.
    #[serde(default = "periods_default")]
    #[schemars(length(min = 1, max = 8))]
    pub periods: Vec<Millis>,
    /// What is compared; failed requests (critical) and latency, as the router counts them, when there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub metrics: Vec<Metric>,
    /// The error budget, whatever there was in the past.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slo: Option<Slo>,
    /// Templates of log lines that the old version did not write, known failures, and lines that are not as declared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub logs: Option<LogRule>,
    /// Operations and hops that the old version did not have, or that are slower.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traces: Option<Comparing>,
}

/// After the window blocks are this long at least: harm that needs days to show needs no seconds to be told.
const INTERVAL_AFTER_WINDOW_MIN: Millis = Millis::from_secs(60);

fn window_default() -> Millis {
    Millis::from_secs(60 * 60)
}

fn duration_default() -> Millis {
    Millis::from_secs(72 * 60 * 60)
}

fn interval_default() -> Millis {
    Millis::from_secs(10)
}

fn alpha_default() -> f64 {
    0.01
}

fn margin_default() -> f64 {
    1.1
}

fn periods_default() -> Vec<Millis> {
    const DAY_S: u64 = 24 * 60 * 60;
    vec![Millis::from_secs(DAY_S), Millis::from_secs(3 * DAY_S), Millis::from_secs(7 * DAY_S)]
}

fn tell() -> OnHarm {
    OnHarm::Tell
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            window: window_default(),
            duration: duration_default(),
            on_harm: OnHarm::default(),
            after_window: tell(),
            interval: interval_default(),
            alpha: alpha_default(),
            margin: margin_default(),
            periods: periods_default(),
            metrics: Vec::new(),
            slo: None,
            logs: None,
            traces: None,
        }
    }
}

impl Watch {
    /// The judge's rule that comes to the same.
    pub fn rule(&self) -> Analysis {
        Analysis {
            metrics: self.metrics.clone(),
            alpha: self.alpha,
            margin: self.margin,
            interval: self.interval,
            // Nobody is asked at night: a watch that misses data says so at its end.
            silence: self.duration,
            requests: 0,
            timeout: self.duration,
            on_undecided: OnUndecided::Promote,
            on_harm: self.on_harm,
            slo: self.slo.clone(),
            logs: self.logs.clone(),
            traces: self.traces,
            periods: self.periods.clone(),
            change_within: Some(self.duration),
            ..Analysis::default()
        }
    }

    /// What harm does that is found so long after the start.
    pub fn action_at(&self, elapsed: Millis) -> OnHarm {
        if elapsed <= self.window { self.on_harm } else { self.after_window }
    }

    /// Length of the block that begins so long after the start.
    pub fn interval_at(&self, elapsed: Millis) -> Millis {
        if elapsed < self.window { self.interval } else { self.interval.max(INTERVAL_AFTER_WINDOW_MIN) }
    }
}
