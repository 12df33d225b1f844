//! One metric: Pass, High, Low, or nothing to say.

use serde::{Deserialize, Serialize};
use shipway_model::resource::kayenta::{AnalysisConfig, Direction, Measure, NanStrategy, OutlierStrategy};

use super::mann_whitney::{Interval, shift_interval};
use super::statistics::{cles, mean_ratio, remove_outliers};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Label {
    Pass,
    High,
    Low,
    Nodata,
    NodataFailMetric,
    Error,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Classification {
    pub label: Label,
    /// Whether this alone brings the score to zero.
    pub critical: bool,
    /// The effect size; none where it is no number.
    pub deviation: Option<f64>,
}

/// How samples are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Test {
    /// By the interval of the shift with this standard normal quantile, and the part of the estimate that is tolerated.
    MannWhitney { z: f64, tolerance: f64 },
    /// By the means alone.
    MeanInequality,
}

impl Default for Test {
    /// Two-sided 98 %, a quarter tolerated.
    fn default() -> Self {
        Self::MannWhitney { z: 2.326_347_874_040_841, tolerance: 0.25 }
    }
}

/// Classifies one metric; NaN stands for a missing value.
pub fn classify(test: Test, config: &AnalysisConfig, control: &[f64], experiment: &[f64]) -> Classification {
    let (control, experiment) = (prepared(config, control), prepared(config, experiment));
    if control.is_empty() || experiment.is_empty() {
        return without_data(config);
    }
    match test {
        Test::MannWhitney { z, tolerance } => by_shift(config, z, tolerance, &control, &experiment),
        Test::MeanInequality => by_means(config, &control, &experiment),
    }
}

fn prepared(config: &AnalysisConfig, values: &[f64]) -> Vec<f64> {
    let known = values.iter().copied();
    let known: Vec<f64> = match config.nan_strategy {
        NanStrategy::Remove => known.filter(|it| !it.is_nan()).collect(),
        NanStrategy::Replace => known.map(|it| if it.is_nan() { 0.0 } else { it }).collect(),
    };
    match config.outliers.strategy {
        OutlierStrategy::Keep => known,
        OutlierStrategy::Remove => remove_outliers(&known, config.outliers.outlier_factor),
    }
}

fn without_data(config: &AnalysisConfig) -> Classification {
    let (label, critical) = match config.nan_strategy {
        NanStrategy::Replace => (Label::Pass, false),
        NanStrategy::Remove if config.must_have_data && !config.critical => (Label::NodataFailMetric, false),
        NanStrategy::Remove => (Label::Nodata, config.critical),
    };
    Classification { label, critical, deviation: None }
}

const PASS: Classification = Classification { label: Label::Pass, critical: false, deviation: Some(1.0) };

fn by_shift(
    config: &AnalysisConfig,
    z: f64,
    tolerance: f64,
    control: &[f64],
    experiment: &[f64],
) -> Classification {
    if are_same(control, experiment) {
        return PASS;
    }
    let size = match config.effect_size.measure {
        Measure::MeanRatio => mean_ratio(control, experiment),
        Measure::Cles => cles(control, experiment),
    };
    let deviation = Some(size).filter(|it| it.is_finite());
    let is_constant = |it: &[f64]| it.iter().all(|value| *value == it[0]);
    let interval = if is_constant(control) && is_constant(experiment) {
        shift_interval(&jittered(experiment), &jittered(control), z)
    } else {
        shift_interval(experiment, control, z)
    };
    let Some(Interval { low, high, estimate }) = interval else {
        return Classification { label: Label::Error, critical: false, deviation };
    };
    let tolerated = tolerance * estimate.abs();
    let (allowed_decrease, allowed_increase) = config.effect_size.allowed();
    let (critical_decrease, critical_increase) = config.effect_size.critical();
    // A size that is no number is not held against either bound.
    let is_high = |bound: f64| size.is_nan() || size >= bound;
    let is_low = |bound: f64| size.is_nan() || size <= bound;
    let looks_up = matches!(config.direction, Direction::Increase | Direction::Either);
    let looks_down = matches!(config.direction, Direction::Decrease | Direction::Either);
    if looks_up && low > tolerated && is_high(allowed_increase) {
        let critical = config.critical && is_high(critical_increase);
        return Classification { label: Label::High, critical, deviation };
    }
    if looks_down && high < -tolerated && is_low(allowed_decrease) {
        let critical = config.critical && is_low(critical_decrease);
        return Classification { label: Label::Low, critical, deviation };
    }
    Classification { label: Label::Pass, critical: false, deviation }
}

/// Whether the samples are equal in some order, or know one value only.
fn are_same(control: &[f64], experiment: &[f64]) -> bool {
    let sorted = |it: &[f64]| {
        let mut sorted = it.to_vec();
        sorted.sort_unstable_by(f64::total_cmp);
        sorted
    };
    let all_alike = control.iter().chain(experiment).all(|it| *it == control[0]);
    all_alike || sorted(control) == sorted(experiment)
}

fn by_means(config: &AnalysisConfig, control: &[f64], experiment: &[f64]) -> Classification {
    let (control, experiment) = (super::statistics::mean(control), super::statistics::mean(experiment));
    let ratio = Some(experiment / control).filter(|it| it.is_finite());
    let label = match config.direction {
        Direction::Increase | Direction::Either if experiment > control => Label::High,
        Direction::Decrease | Direction::Either if experiment < control => Label::Low,
        Direction::Increase | Direction::Decrease | Direction::Either => Label::Pass,
    };
    Classification { label, critical: config.critical && label != Label::Pass, deviation: ratio }
}

/// Constant samples have no spread for the rank test to work on, so a little is added: 1e-5 of the value, by points of
/// the normal distribution at equal chances. Nothing is drawn: the same samples always give the same answer.
fn jittered(values: &[f64]) -> Vec<f64> {
    let n = values.len() as f64;
    let jitter = |(idx, value): (usize, &f64)| {
        let share = (idx as f64 + 0.5) / n;
        // Within a thousandth of the normal quantile, which is more than a jitter needs (Tukey's lambda, 0.14).
        let z = (share.powf(0.135) - (1.0 - share).powf(0.135)) / 0.1975;
        value + value * 1e-5 * z
    };
    values.iter().enumerate().map(jitter).collect()
}
