//! How far chances can be believed that were given before the outcomes were known.

use serde::{Deserialize, Serialize};

use crate::simulation::wilson;

/// Predictions of about the same size, and what came of them: one point of a reliability curve.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bin {
    pub mean_predicted: f64,
    /// Share of outcomes that were true.
    pub observed: f64,
    pub n: u64,
    /// Wilson's interval of `observed` at 95 %.
    pub low: f64,
    pub high: f64,
}

/// The first `share` of rows that are in the order of time, and the rest: a fit is made from the one and judged by the
/// other. Rows dealt out at random would let the future tell on the past.
pub fn past_and_future<T>(rows: &[T], share: f64) -> (&[T], &[T]) {
    let n_past = (rows.len() as f64 * share).round() as usize;
    rows.split_at(n_past.min(rows.len()))
}

/// The mean squared distance between chances and outcomes (Brier, "Verification of forecasts expressed in terms of
/// probability", Monthly Weather Review 78, 1950): 0 is perfect, and whoever always says the share `s` that comes true gets
/// s·(1 − s). No number without predictions.
pub fn brier(predictions: &[(f64, bool)]) -> f64 {
    let sum: f64 =
        predictions.iter().map(|(chance, outcome)| (chance - f64::from(u8::from(*outcome))).powi(2)).sum();
    sum / predictions.len() as f64
}

/// The reliability curve: predictions by size in at most `n_bins` bins of about the same number, equal predictions always
/// together (Murphy & Winkler, "Reliability of subjective probability forecasts", Applied Statistics 26, 1977). Where the
/// interval of a bin does not hold its mean prediction, the chances there are not to be believed. Predictions that are no
/// numbers are left out.
pub fn reliability(predictions: &[(f64, bool)], n_bins: usize) -> Vec<Bin> {
    let mut sorted: Vec<(f64, bool)> = predictions.iter().copied().filter(|(it, _)| !it.is_nan()).collect();
    sorted.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut bins, mut rest) = (Vec::new(), sorted.as_slice());
    for n_left in (1..=n_bins).rev() {
        let Some((greatest, _)) = rest.get(rest.len().div_ceil(n_left).saturating_sub(1)) else { break };
        let (bin, behind) = rest.split_at(rest.partition_point(|(it, _)| it <= greatest));
        bins.push(summed(bin));
        rest = behind;
    }
    bins
}

fn summed(predictions: &[(f64, bool)]) -> Bin {
    let n = predictions.len() as u64;
    let n_true = predictions.iter().filter(|(_, outcome)| *outcome).count() as u64;
    let observed = wilson(n_true, n);
    Bin {
        mean_predicted: predictions.iter().map(|(it, _)| it).sum::<f64>() / n as f64,
        observed: observed.estimate,
        n,
        low: observed.low,
        high: observed.high,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brier_agrees_with_sums_by_hand() {
        // (0.09 + 0.04 + 0.25) / 3.
        let found = brier(&[(0.7, true), (0.2, false), (0.5, true)]);
        assert!((found - 0.38 / 3.0).abs() < 1e-12);
        assert!(brier(&[]).is_nan());
        let always: Vec<(f64, bool)> = (0..10).map(|idx| (0.3, idx < 3)).collect();
        assert!((brier(&always) - 0.21).abs() < 1e-12);
    }

    #[test]
    fn bins_have_about_the_same_number_and_never_divide_equals() {
        let mut predictions: Vec<(f64, bool)> =
            (0..100).map(|idx| (f64::from(idx) / 100.0, idx >= 50)).collect();
        predictions.push((f64::NAN, true));
        let bins = reliability(&predictions, 4);
        assert_eq!(bins.iter().map(|it| it.n).collect::<Vec<_>>(), [25; 4]);
        assert_eq!(bins.iter().map(|it| it.observed).collect::<Vec<_>>(), [0.0, 0.0, 1.0, 1.0]);
        assert!((bins[0].mean_predicted - 0.12).abs() < 1e-12 && bins[3].low > 0.8, "{bins:?}");
        let alike = reliability(&[(0.5, true); 9], 3);
        assert_eq!((alike.len(), alike[0].n), (1, 9));
        assert!(reliability(&[], 5).is_empty() && reliability(&predictions, 0).is_empty());
    }

    #[test]
    fn the_past_is_ahead_of_the_future() {
        assert_eq!(past_and_future(&[1, 2, 3, 4], 0.75), (&[1, 2, 3][..], &[4][..]));
        assert_eq!(past_and_future::<u8>(&[], 0.5), (&[][..], &[][..]));
        assert_eq!(past_and_future(&[1], 9.0), (&[1][..], &[][..]));
    }
}
