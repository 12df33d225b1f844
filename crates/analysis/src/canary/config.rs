//! What is compared, and how sure the judge must be.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::watch::Watch;

/// The configuration of an analysis. Everything has a default, which each field names.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Chance of calling a canary harmful that is not worse than the margins, over all metrics, instances and looks:
    /// 1e-9 to 0.5; 0.01.
    pub alpha: f64,
    /// Chance of calling a canary healthy that is as bad as `harm` on some metric, also without any one instance that may be
    /// left out (`noisy_share`), over all looks: 1e-9 to 0.5; 0.05.
    pub beta: f64,
    /// So many seconds from the first block on, only a catastrophe is called harmful, and nothing healthy; 0.
    pub warm_up_s: f64,
    /// Odds ratio beyond which a rise is a catastrophe: during warm-up, and on a single instance; 10.
    pub severe_margin: f64,
    /// Within so many seconds in which one arm reports and the other does not there is no verdict, at the end of the last
    /// block that leaves no time for another; 300.
    pub silence_s: f64,
    /// A canary of three or more instances may be healthy but for one that has at most this share of its units and is shown not
    /// to be broken, its odds being below `severe_margin` times control's: 0 to 0.5; 0.35, so that one of three alike may be.
    /// With 0 none is left out.
    pub noisy_share: f64,
    /// Whether a canary shown to be healthy ends the analysis; true. If not, it goes on to the end of the data.
    pub early_promotion: bool,
    /// Where control's lines come from; concurrent.
    pub baseline: Baseline,
    /// Watches for a change at any time instead of judging a canary from its start, and never promotes; none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub watch: Option<Watch>,
    /// Errors (critical) and latency when left out.
    pub metrics: Vec<MetricConfig>,
}

/// One thing to compare.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricConfig {
    /// `errors` and `latency` read the fields of those names; any other one the entry of that name in `metrics`.
    pub name: String,
    pub kind: Kind,
    /// Which change is bad; a decrease for `mean`, an increase for all other kinds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
    /// A critical metric weighs twice as much, must be reported for there to be a verdict, and if it is a mean known by
    /// its sums alone may end in a call of harm; false.
    #[serde(default)]
    pub critical: bool,
    /// Ratio up to which a canary is not worse, at least 1: of odds for `proportion`, `latency` and the values of
    /// `mean`, of rates for `count`, of means for sums of `mean`; 1.1, for `mean` 1.05.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin: Option<f64>,
    /// The same ratio that has to be ruled out before a canary is called healthy, above 1; 2, for `mean` 1.25.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm: Option<f64>,
    /// While canary differs from control by no more than this, it is not worse, whatever the ratio is; none. Of a
    /// `proportion` a difference of shares, 1e-6 to 0.5; of a `count` one of rates, in events per request or, if its exposure
    /// is time, per second and instance; of `latency` in milliseconds and of `mean` in its own unit; 1e-6 to 1e6. Of a
    /// histogram it counts up to the next bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub margin_absolute: Option<f64>,
    /// Of a `proportion` or a `count`: a canary whose share, or rate, is shown to be within this of control's is healthy,
    /// whatever the ratio is, also if nothing fails on either side; as `margin_absolute`, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub harm_absolute: Option<f64>,
    /// Part of the evidence, relative to those of the others; 2 if critical, else 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<f64>,
    /// Below so many units of canary the metric speaks neither for harm nor for health; 50, for `count` 0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_samples: Option<u64>,
    /// What a `count` is relative to; requests.
    #[serde(default)]
    pub exposure: Exposure,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Units that were hit among all.
    Proportion,
    /// Durations in milliseconds, as histogram or values.
    Latency,
    /// Events without a denominator.
    Count,
    /// A quantity per unit, such as revenue per session.
    Mean,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Increase,
    Decrease,
}

/// What the canary is compared with.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Baseline {
    /// The old version as it runs beside the canary.
    #[default]
    Concurrent,
    /// Instances of the old version that were started with the canary, as many as it has: a cold start is shared.
    Fresh,
    /// The version being replaced, before the deployment.
    Previous,
    /// Past periods, each an instance of control: today has to be worse than every one of them.
    Seasonal,
}

/// What the number of events is proportional to while nothing is wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// The requests of the same lines.
    #[default]
    Requests,
    /// The seconds that the lines of the arm cover, added up over its instances.
    Time,
}

/// What a channel knows of the whole analysis.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) severe_margin: f64,
    pub(super) noisy_share: f64,
    pub(super) baseline: Baseline,
    pub(super) is_watch: bool,
}

/// Why a configuration is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum InvalidConfig {
    #[error("`{field}` is {value}; it goes from {least} to {greatest}")]
    OutOfRange { field: String, value: f64, least: f64, greatest: f64 },
    #[error("there are {0} metrics; an analysis has 1 to {METRICS_MAX}")]
    Metrics(usize),
    #[error("the metric `{0}` is declared twice")]
    Twice(String),
    #[error("the metric `{name}` has `{field}`, which its kind cannot have")]
    NoShare { name: String, field: &'static str },
    #[error("the metric `{name}` is of kind {kind}; `errors` is a proportion, `latency` of kind latency")]
    Kind { name: String, kind: &'static str },
}

const METRICS_MAX: usize = 100;

/// The exposure of a count over time is kept in milliseconds.
pub(super) const TIME_PER_S: f64 = 1000.0;

impl Default for Config {
    fn default() -> Self {
        let errors = MetricConfig { critical: true, ..MetricConfig::new("errors", Kind::Proportion) };
        Self {
            alpha: 0.01,
            beta: 0.05,
            warm_up_s: 0.0,
            severe_margin: 10.0,
            silence_s: 300.0,
            noisy_share: 0.35,
            early_promotion: true,
            baseline: Baseline::Concurrent,
            watch: None,
            metrics: vec![errors, MetricConfig::new("latency", Kind::Latency)],
        }
    }
}

impl Config {
    /// The part of alpha that the test of the whole canary after warm-up may spend.
    pub const MAIN_SHARE: f64 = 0.8;
    /// Of a canary of which one instance is off, on either side, and nothing else, the main test may call so many times
    /// alpha harmful: the evidence without each single instance is asked for less than the whole.
    pub const ONE_OFF_SHARE: f64 = 2.0;
    /// The part that the catastrophic test during warm-up may spend.
    pub const WARM_UP_SHARE: f64 = 0.1;
    /// The part that the tests of single canary instances may spend together.
    pub const INSTANCE_SHARE: f64 = 0.1;

    /// What every channel has to know.
    pub(super) fn frame(&self) -> Frame {
        Frame {
            severe_margin: self.severe_margin,
            noisy_share: self.noisy_share,
            baseline: self.baseline,
            is_watch: self.watch.is_some(),
        }
    }

    /// # Errors
    /// The first field whose value is no number or out of its range, or a metric that contradicts another or itself.
    pub fn check(&self) -> Result<(), InvalidConfig> {
        within("alpha", self.alpha, 1e-9, 0.5)?;
        within("beta", self.beta, 1e-9, 0.5)?;
        within("warm_up_s", self.warm_up_s, 0.0, 86_400.0)?;
        within("severe_margin", self.severe_margin, 1.0, 100.0)?;
        within("silence_s", self.silence_s, 1.0, 86_400.0)?;
        within("noisy_share", self.noisy_share, 0.0, 0.5)?;
        if let Some(watch) = &self.watch {
            within("duration_s of watch", watch.duration_s, 60.0, 30.0 * 86_400.0)?;
        }
        if self.metrics.is_empty() || self.metrics.len() > METRICS_MAX {
            return Err(InvalidConfig::Metrics(self.metrics.len()));
        }
        let mut names = BTreeSet::new();
        for metric in &self.metrics {
            if !names.insert(&metric.name) {
                return Err(InvalidConfig::Twice(metric.name.clone()));
            }
            metric.check()?;
        }
        Ok(())
    }
}

impl MetricConfig {
    /// With every default.
    pub fn new(name: &str, kind: Kind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            direction: None,
            critical: false,
            margin: None,
            harm: None,
            margin_absolute: None,
            harm_absolute: None,
            weight: None,
            min_samples: None,
            exposure: Exposure::Requests,
        }
    }

    pub fn direction(&self) -> Direction {
        let usual = if self.kind == Kind::Mean { Direction::Decrease } else { Direction::Increase };
        self.direction.unwrap_or(usual)
    }

    pub fn margin(&self) -> f64 {
        self.margin.unwrap_or(if self.kind == Kind::Mean { 1.05 } else { 1.1 })
    }

    pub fn harm(&self) -> f64 {
        self.harm.unwrap_or(if self.kind == Kind::Mean { 1.25 } else { 2.0 })
    }

    pub fn weight(&self) -> f64 {
        self.weight.unwrap_or(if self.critical { 2.0 } else { 1.0 })
    }

    pub fn min_samples(&self) -> u64 {
        self.min_samples.unwrap_or(if self.kind == Kind::Count { 0 } else { 50 })
    }

    /// The exposure of a count is kept in so many parts of what its rates are stated per.
    pub(super) fn unit_of_rate(&self) -> f64 {
        match (self.kind, self.exposure) {
            (Kind::Count, Exposure::Time) => TIME_PER_S,
            _ => 1.0,
        }
    }

    fn check(&self) -> Result<(), InvalidConfig> {
        let field = |name: &str| format!("{name} of {}", self.name);
        within(&field("margin"), self.margin(), 1.0, 100.0)?;
        within(&field("harm"), self.harm(), 1.01, 1000.0)?;
        within(&field("weight"), self.weight(), 1e-6, 1e6)?;
        for (name, value) in
            [("margin_absolute", self.margin_absolute), ("harm_absolute", self.harm_absolute)]
        {
            let Some(value) = value else { continue };
            let greatest = if self.kind == Kind::Proportion { 0.5 } else { 1e6 };
            within(&field(name), value, 1e-6, greatest)?;
            if matches!(self.kind, Kind::Latency | Kind::Mean) && name == "harm_absolute" {
                return Err(InvalidConfig::NoShare { name: self.name.clone(), field: name });
            }
        }
        let kind = match (self.name.as_str(), self.kind) {
            ("errors", Kind::Proportion) | ("latency", Kind::Latency) => return Ok(()),
            ("errors" | "latency", Kind::Count) => "count",
            ("errors" | "latency", Kind::Mean) => "mean",
            ("latency", Kind::Proportion) => "proportion",
            (_, Kind::Latency) => "latency",
            _ => return Ok(()),
        };
        Err(InvalidConfig::Kind { name: self.name.clone(), kind })
    }
}

/// Also refuses what is no number.
fn within(field: &str, value: f64, least: f64, greatest: f64) -> Result<(), InvalidConfig> {
    if (least..=greatest).contains(&value) {
        return Ok(());
    }
    Err(InvalidConfig::OutOfRange { field: field.to_owned(), value, least, greatest })
}
