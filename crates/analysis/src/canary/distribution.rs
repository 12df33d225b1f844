//! Latency of either arm as a whole: its quantiles and the distance between both, with bounds that hold at every look.
//!
//! They are for people: no decision rests on them, as they take durations for draws from one distribution that does not
//! change, which drift and incidents break and the kernel does not mind.

use serde::{Deserialize, Serialize};

use super::observation::Arm;
use super::roster::index;
use super::thresholds::Values;

/// A number with its confidence sequence at 1 − alpha. No end where it lies beyond all that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bounds {
    pub estimate: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// One quantile of both arms, in milliseconds; as fine as buckets are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct QuantileAnswer {
    /// Such as 0.99.
    pub of: f64,
    pub control: Bounds,
    pub canary: Bounds,
}

/// Counts of durations per bucket, both arms in the same ones. Memory does not depend on their number.
#[derive(Debug, Clone, Default)]
pub(super) struct Distribution {
    /// Upper bounds of the data's own buckets; none if values come, which have ours.
    bounds: Option<Vec<f64>>,
    counts: [Vec<u64>; 2],
}

/// Values share a bucket if their binary exponent and the first six bits behind the point are alike: 64 buckets from a
/// power of two to the next, none wider than 1.6 %, found without a logarithm. They start at about a microsecond; the last
/// one, after 43 powers, takes the rest.
const LEAST_MS: f64 = 1.0 / 1024.0;
const BUCKETS_MAX: usize = 43 * 64;
const BITS_BELOW: u32 = 52 - 6;

/// The quantiles that are told.
const QUANTILES: [f64; 4] = [0.5, 0.9, 0.99, 0.999];

impl Distribution {
    pub(super) fn add(&mut self, arm: Arm, values: Values) {
        // Buckets and values cannot be added up; what came first stays.
        let has_values = self.bounds.is_none() && self.counts.iter().any(|it| !it.is_empty());
        let counts = &mut self.counts[index(arm)];
        match values {
            Values::Raw(_) if self.bounds.is_some() => {}
            Values::Counted { .. } if has_values => {}
            Values::Raw(values) => {
                counts.resize(BUCKETS_MAX, 0);
                for value in values {
                    counts[bucket(*value)] += 1;
                }
            }
            Values::Counted { bounds, counts: more } => {
                self.bounds.get_or_insert_with(|| bounds.to_vec());
                counts.resize(more.len().max(counts.len()), 0);
                for (sum, it) in counts.iter_mut().zip(more) {
                    *sum = sum.saturating_add(*it);
                }
            }
        }
    }

    /// Quantiles with their confidence sequences: each holds at all looks with a chance of 1 − alpha (Howard & Ramdas,
    /// "Sequential estimation of quantiles with applications to A/B testing and best-arm identification", Bernoulli 28,
    /// 2022: ±1.5·√(p(1 − p)ℓ) ± 0.8·ℓ in shares, with ℓ = (1.4·ln ln 2.1t + ln(10/α))/t).
    pub(super) fn quantiles(&self, alpha: f64) -> Vec<QuantileAnswer> {
        let [control, canary] = self.totals();
        if control == 0 || canary == 0 {
            return Vec::new();
        }
        let of_arm = |arm, of| self.quantile(arm, of, alpha);
        QUANTILES
            .iter()
            .map(|&of| QuantileAnswer {
                of,
                control: of_arm(Arm::Control, of),
                canary: of_arm(Arm::Canary, of),
            })
            .collect()
    }

    /// The greatest difference of the shares under any bound. Each arm's distribution is within A·√((ln(1 + ln t) + C)/t)
    /// of the truth at every t with a chance of 1 − alpha/2 (Howard & Ramdas 2022, with A = 0.85).
    pub(super) fn distance(&self, alpha: f64) -> Option<Bounds> {
        let totals = self.totals();
        if totals.contains(&0) {
            return None;
        }
        let (mut sums, mut greatest) = ([0_u64; 2], 0.0_f64);
        for idx in 0..self.counts[0].len().max(self.counts[1].len()) {
            for (sum, counts) in sums.iter_mut().zip(&self.counts) {
                *sum += counts.get(idx).copied().unwrap_or(0);
            }
            let share = |side: usize| sums[side] as f64 / totals[side] as f64;
            greatest = greatest.max((share(0) - share(1)).abs());
        }
        let width: f64 = totals.iter().map(|&n| band(n as f64, alpha / 2.0)).sum();
        Some(Bounds {
            estimate: greatest,
            low: Some((greatest - width).max(0.0)),
            high: Some((greatest + width).min(1.0)),
        })
    }

    fn totals(&self) -> [u64; 2] {
        [0, 1].map(|side: usize| self.counts[side].iter().sum())
    }

    fn quantile(&self, arm: Arm, of: f64, alpha: f64) -> Bounds {
        let counts = &self.counts[index(arm)];
        let n = counts.iter().sum::<u64>() as f64;
        let spread = (1.4 * (2.1 * n).ln().max(1.0).ln() + (10.0 / alpha).ln()) / n;
        let reach = 1.5 * (of * (1.0 - of) * spread).sqrt() + 0.8 * spread;
        let place_of = |share: f64| {
            let wanted = (share * n).ceil().max(1.0) as u64;
            let mut sum = 0;
            counts.iter().position(|count| {
                sum += count;
                sum >= wanted
            })
        };
        let place = place_of(of).unwrap_or(counts.len() - 1);
        Bounds {
            estimate: self.upper(place).or_else(|| self.lower(place)).unwrap_or(0.0),
            low: (of > reach).then(|| place_of(of - reach)).flatten().and_then(|it| self.lower(it)),
            high: (of + reach < 1.0).then(|| place_of(of + reach)).flatten().and_then(|it| self.upper(it)),
        }
    }

    fn upper(&self, bucket: usize) -> Option<f64> {
        match &self.bounds {
            Some(bounds) => bounds.get(bucket).copied(),
            None => (bucket + 1 < BUCKETS_MAX).then(|| lower_end(bucket + 1)),
        }
    }

    fn lower(&self, bucket: usize) -> Option<f64> {
        match (&self.bounds, bucket) {
            (_, 0) => Some(0.0),
            (Some(bounds), it) => bounds.get(it - 1).copied(),
            (None, it) => Some(lower_end(it)),
        }
    }
}

fn bucket(value: f64) -> usize {
    // Of positive numbers the bits rise with the value.
    let steps = (value.max(LEAST_MS).to_bits() - LEAST_MS.to_bits()) >> BITS_BELOW;
    (steps as usize).min(BUCKETS_MAX - 1)
}

fn lower_end(bucket: usize) -> f64 {
    f64::from_bits(LEAST_MS.to_bits() + ((bucket as u64) << BITS_BELOW))
}

/// C grows from 8.12 at 5 % to 9.28 at 1 %, in step with the logarithm of alpha; below that it is taken further.
fn band(n: f64, alpha: f64) -> f64 {
    let c = 8.12 + (9.28 - 8.12) * (0.05 / alpha).ln() / 5.0_f64.ln();
    0.85 * ((n.ln().ln_1p() + c.max(8.12)) / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::simulation::Random;

    #[test]
    fn bounds_hold_at_every_look() {
        let truth = |of: f64| 1.0 + 9.0 * of;
        for seed in 0..20 {
            let mut random = Random::new(seed);
            let mut distribution = Distribution::default();
            for _ in 0..100 {
                let mut draw = || (0..100).map(|_| truth(random.share())).collect::<Vec<f64>>();
                distribution.add(Arm::Control, Values::Raw(&draw()));
                distribution.add(Arm::Canary, Values::Raw(&draw()));
                for it in distribution.quantiles(0.05) {
                    for bounds in [it.control, it.canary] {
                        assert!(bounds.low.is_none_or(|low| low <= truth(it.of)), "{seed}: {it:?}");
                        assert!(bounds.high.is_none_or(|high| truth(it.of) <= high), "{seed}: {it:?}");
                    }
                }
                assert_eq!(distribution.distance(0.05).unwrap().low, Some(0.0));
            }
            let median = &distribution.quantiles(0.05)[0].canary;
            assert!(median.high.unwrap() - median.low.unwrap() < 0.8, "{median:?}");
        }
    }

    #[test]
    fn buckets_are_narrow_and_hold_what_falls_into_them() {
        for value in [LEAST_MS, 0.5, 1.0, 80.0, 386.0, 1e6, 8e9] {
            let (low, high) = (lower_end(bucket(value)), lower_end(bucket(value) + 1));
            assert!(low <= value && value < high && high / low < 1.016, "{value}: {low} to {high}");
        }
        assert_eq!((bucket(0.0), bucket(1e15)), (0, BUCKETS_MAX - 1));
    }

    #[test]
    fn a_slower_arm_is_told_from_the_other() {
        let mut distribution = Distribution::default();
        let bounds = [10.0, 20.0, 50.0];
        distribution.add(Arm::Control, Values::Counted { bounds: &bounds, counts: &[9000, 900, 90, 10] });
        distribution.add(Arm::Canary, Values::Counted { bounds: &bounds, counts: &[3000, 6900, 90, 10] });
        let median = &distribution.quantiles(0.01)[0];
        assert!(median.control.high.unwrap() < median.canary.high.unwrap(), "{median:?}");
        assert_eq!((median.canary.estimate, median.canary.low), (20.0, Some(10.0)));
        let distance = distribution.distance(0.01).unwrap();
        assert!((distance.estimate - 0.6).abs() < 1e-12 && distance.low.unwrap() > 0.5, "{distance:?}");
    }
}
