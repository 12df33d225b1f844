//! The shift between two samples with its confidence interval, after R's `wilcox.test` (Bauer, "Constructing confidence
//! sets using rank statistics", JASA 67, 1972), normal approximation with correction for continuity and ties.

use super::brent::root;
use super::statistics::ranks;

/// How far `x` lies above `y`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    pub low: f64,
    pub high: f64,
    /// Hodges and Lehmann's estimate.
    pub estimate: f64,
}

/// The standardised rank sum of `x` − `mu` among `x` − `mu` and `y`, less `quantile`.
pub fn wilcoxon_difference(mu: f64, quantile: f64, x: &[f64], y: &[f64]) -> f64 {
    let shifted: Vec<f64> = x.iter().map(|it| it - mu).collect();
    let (n, m) = (x.len() as f64, y.len() as f64);
    let ranks = ranks(&shifted, y);
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ranks.ties / (total * (total - 1.0)));
    let distance = ranks.rank_sum - n * (n + 1.0) / 2.0 - n * m / 2.0;
    let correction = if distance == 0.0 { 0.0 } else { 0.5_f64.copysign(distance) };
    (distance - correction) / variance.sqrt() - quantile
}

/// The interval at two-sided `confidence`, whose standard normal quantile is `z`. None where no root is enclosed.
pub fn shift_interval(x: &[f64], y: &[f64], z: f64) -> Option<Interval> {
    let least = |it: &[f64]| it.iter().copied().fold(f64::INFINITY, f64::min);
    let greatest = |it: &[f64]| it.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (lowest, highest) = (least(x) - greatest(y), greatest(x) - least(y));
    let at = |quantile: f64| {
        let f = |mu: f64| wilcoxon_difference(mu, quantile, x, y);
        // The ends clamp.
        if f(lowest) <= 0.0 {
            Some(lowest)
        } else if f(highest) >= 0.0 {
            Some(highest)
        } else {
            root(f, lowest, highest, TOLERANCE)
        }
    };
    Some(Interval { low: at(z)?, high: at(-z)?, estimate: at(0.0)? })
}

/// Absolute, as it is in Kayenta: on values as small as that, the interval says nothing.
const TOLERANCE: f64 = 1e-4;
