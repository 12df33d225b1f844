//! Order statistics, outliers and effect sizes as Kayenta computes them.

use serde::{Deserialize, Serialize};

/// What describes one arm's values; zeros for none.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    pub min: f64,
    pub max: f64,
    pub mean: f64,
    /// Of the sample, with n − 1.
    pub std: f64,
    pub count: usize,
}

impl Summary {
    pub fn of(values: &[f64]) -> Self {
        if values.is_empty() {
            return Self::default();
        }
        let mean = mean(values);
        let squares: f64 = values.iter().map(|it| (it - mean).powi(2)).sum();
        Self {
            min: values.iter().copied().fold(f64::INFINITY, f64::min),
            max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
            mean,
            std: if values.len() < 2 { 0.0 } else { (squares / (values.len() - 1) as f64).sqrt() },
            count: values.len(),
        }
    }
}

/// NaN for none.
pub(super) fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// The estimator R-7 of Hyndman & Fan (1996), `percent` from 0 to 100. NaN for no values.
pub fn percentile(values: &[f64], percent: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = percent / 100.0 * last as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[(place.ceil() as usize).min(last)]);
    below + (place - place.floor()) * (above - below)
}

/// Without the values further than `factor` interquartile ranges from the quartiles that also lie outside of the first
/// and the last percentile.
pub fn remove_outliers(values: &[f64], factor: f64) -> Vec<f64> {
    if values.is_empty() {
        return Vec::new();
    }
    let [low, first, third, high] = [1.0, 25.0, 75.0, 99.0].map(|it| percentile(values, it));
    let reach = factor * (third - first);
    let kept = low.min(first - reach)..=high.max(third + reach);
    values.iter().copied().filter(|it| kept.contains(it)).collect()
}

/// Mean of the experiment to mean of control; NaN if either is zero.
pub fn mean_ratio(control: &[f64], experiment: &[f64]) -> f64 {
    let (control, experiment) = (mean(control), mean(experiment));
    if control == 0.0 || experiment == 0.0 { f64::NAN } else { experiment / control }
}

/// The chance that a value of the experiment exceeds one of control, ties counting half.
pub fn cles(control: &[f64], experiment: &[f64]) -> f64 {
    let (n, m) = (experiment.len() as f64, control.len() as f64);
    let rank_sum = ranks(experiment, control).rank_sum;
    (2.0 * rank_sum - n * (n + 1.0)) / (2.0 * n * m)
}

/// What ranking `first` among `first` and `second` together gives.
pub(super) struct Ranks {
    /// Of `first`, ties having their average rank.
    pub(super) rank_sum: f64,
    /// Σ(t³ − t) over the groups of ties.
    pub(super) ties: f64,
}

pub(super) fn ranks(first: &[f64], second: &[f64]) -> Ranks {
    let mut all: Vec<(f64, bool)> =
        first.iter().map(|&it| (it, true)).chain(second.iter().map(|&it| (it, false))).collect();
    // Zeros of either sign are ties.
    all.sort_unstable_by(|one, other| (one.0 + 0.0).total_cmp(&(other.0 + 0.0)));
    let mut found = Ranks { rank_sum: 0.0, ties: 0.0 };
    let mut n_before = 0.0;
    for group in all.chunk_by(|one, other| one.0 == other.0) {
        let n_tied = group.len() as f64;
        let n_first = group.iter().filter(|(_, is_first)| *is_first).count() as f64;
        found.rank_sum += n_first * (n_before + (n_tied + 1.0) / 2.0);
        found.ties += n_tied * n_tied * n_tied - n_tied;
        n_before += n_tied;
    }
    found
}
