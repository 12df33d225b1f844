//! Two samples of a quantity, such as the durations of two load tests.

use serde::Serialize;

use super::share::{Comparison, Share, shares};

/// How the quantiles of the new sample compare with those of the old one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Samples {
    pub n_old: u64,
    pub n_new: u64,
    pub quantiles: Vec<Quantile>,
    /// Chance of a sample as great as the new one if no share above a quantile of the old one exceeds the margin: Holm's
    /// step-down over the quantiles, of which this is the least adjusted value.
    pub p_greater: f64,
    pub p_less: f64,
}

/// One quantile of the old sample, as the place where both are cut.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Quantile {
    /// Such as 0.99.
    pub of: f64,
    /// In the unit of the samples; none of an empty one.
    pub old: Option<f64>,
    pub new: Option<f64>,
    /// Of the shares above the old sample's quantile.
    pub shares: Comparison,
}

/// Compares two samples at these quantiles of both together. A cut that the old sample alone had set would be exceeded by
/// the new one more often than by the old one, on average; the quantile of both favours neither. `margin` is the ratio of
/// the odds to exceed it up to which the new one is not greater. Values that are no numbers are left out.
pub fn samples(old: &[f64], new: &[f64], quantiles: &[f64], margin: f64, level: f64) -> Samples {
    let (old, new) = (sorted(old), sorted(new));
    let both = sorted(&[old.as_slice(), &new].concat());
    let above = |values: &[f64], cut: f64| Share {
        total: values.len() as u64,
        hits: (values.len() - values.partition_point(|it| *it <= cut)) as u64,
    };
    let quantiles: Vec<Quantile> = quantiles
        .iter()
        .map(|&of| {
            let cut = quantile(&both, of).unwrap_or(0.0);
            let shares = shares(above(&old, cut), above(&new, cut), margin, level);
            Quantile { of, old: quantile(&old, of), new: quantile(&new, of), shares }
        })
        .collect();
    // The first step of Holm's procedure, which decides whether there is anything at all.
    let least = |pick: fn(&Comparison) -> f64| {
        let least = quantiles.iter().map(|it| pick(&it.shares)).fold(1.0, f64::min);
        (least * quantiles.len() as f64).min(1.0)
    };
    Samples {
        n_old: old.len() as u64,
        n_new: new.len() as u64,
        p_greater: least(|it| it.p_more),
        p_less: least(|it| it.p_fewer),
        quantiles,
    }
}

fn sorted(values: &[f64]) -> Vec<f64> {
    let mut values: Vec<f64> = values.iter().copied().filter(|it| !it.is_nan()).collect();
    values.sort_unstable_by(f64::total_cmp);
    values
}

/// The order statistic that at least the share `of` does not exceed.
fn quantile(sorted: &[f64], of: f64) -> Option<f64> {
    let place = (sorted.len() as f64 * of).ceil() as usize;
    sorted.get(place.clamp(1, sorted.len().max(1)) - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ramp(times: f64) -> Vec<f64> {
        (1..=2000).map(|it| f64::from(it) * times).collect()
    }

    fn check(old: &[f64], new: &[f64], greater: bool, less: bool) {
        let found = samples(old, new, &[0.5, 0.9, 0.99], 1.05, 0.95);
        assert_eq!((found.p_greater < 0.01, found.p_less < 0.01), (greater, less), "{found:?}");
    }

    #[test]
    fn say_which_one_is_greater() {
        check(&ramp(1.0), &ramp(1.2), true, false);
        check(&ramp(1.2), &ramp(1.0), false, true);
        check(&ramp(1.0), &ramp(1.0), false, false);
        check(&[], &ramp(1.0), false, false);
    }

    #[test]
    fn see_a_tail_that_leaves_the_median_alone() {
        let mut slow = ramp(1.0);
        for value in &mut slow[1900..] {
            *value *= 2.0;
        }
        let found = samples(&ramp(1.0), &slow, &[0.5, 0.99], 1.0, 0.95);
        assert!(found.p_greater < 0.01, "{found:?}");
        assert!((found.quantiles[0].shares.estimate.unwrap() - 1.0).abs() < 0.01, "{found:?}");
        assert_eq!(found.quantiles[1].old, Some(1980.0));
    }
}
