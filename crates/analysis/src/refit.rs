//! New weights for a score of risk, fitted to what came of earlier changes, and how much better they would have told.
//!
//! The factors of a change are shares of their weights, from zero to one. A logistic regression with a ridge over the first
//! part of the outcomes in time gives a coefficient to each; those below zero count nothing, because a factor that can only
//! add points cannot take any away, and the rest become whole points that add up to [`POINTS`]. Both scores are then turned
//! into chances by a regression over the same first part, and judged by the rest, which neither has seen.

use crate::logistic::{self, Bin, brier, past_and_future, reliability};

/// What all weights add up to.
pub const POINTS: u32 = 100;
/// Fewer outcomes than these, or fewer of either kind, say nothing about a dozen factors.
pub const OUTCOMES_MIN: usize = 60;
pub const OF_EACH_KIND_MIN: usize = 10;
/// The part of the outcomes, the earlier one, that weights are fitted to.
const PAST_SHARE: f64 = 0.7;
/// Points of the reliability curve.
const BINS: usize = 5;
/// How far above nothing a gain must lie to be believed.
const STANDARD_ERRORS: f64 = 2.0;
/// Of the regression that turns a score into a chance: there is one feature, so it hardly has to be held.
const RIDGE_OF_SCORE: f64 = 1e-3;

/// A change and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Per factor, from 0 to 1.
    pub shares: Vec<f64>,
    /// It was rolled back or given up.
    pub failed: bool,
}

#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refit {
    /// Per factor, in the order of the shares; they add up to [`POINTS`], or are all zero where no factor tells anything.
    pub weights: Vec<u32>,
    /// Per factor, as fitted, in logarithms of odds.
    pub coefficients: Vec<f64>,
    pub n_fitted: usize,
    pub n_judged: usize,
    pub n_failed: usize,
    pub proposed: Backtest,
    pub current: Backtest,
    /// Brier score of always saying the share that had failed until then.
    pub brier_of_rate: f64,
    /// By how much the proposal told each later outcome better than the weights that hold.
    pub gain: Gain,
    /// The same beside always saying the share that had failed until then.
    pub gain_over_rate: Gain,
}

/// The mean, over outcomes, of how much smaller one squared error is than another, and its standard error.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Gain {
    pub mean: f64,
    pub standard_error: f64,
}

/// How well a score told what came after it was made.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Backtest {
    pub brier: f64,
    pub reliability: Vec<Bin>,
}

/// Why nothing is proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "{n} outcomes with {n_failed} failures are too few: at least {OUTCOMES_MIN} are needed, and {OF_EACH_KIND_MIN} of each \
     kind, among the earlier ones and all"
)]
pub struct TooFew {
    pub n: usize,
    pub n_failed: usize,
}

impl Refit {
    /// Whether the proposal would have told better than the weights that hold, and than no score at all, by more than
    /// chance gives away: by twice the standard error of the paired differences (F. X. Diebold and R. S. Mariano,
    /// "Comparing predictive accuracy", *Journal of Business & Economic Statistics* 13, 1995).
    pub fn is_better(&self) -> bool {
        self.gain.is_certain() && self.gain_over_rate.is_certain()
    }
}

impl Gain {
    /// Of what `one` said over what `other` said of the same outcomes.
    fn of(one: &[(f64, bool)], other: &[(f64, bool)]) -> Self {
        let squared = |(said, failed): &(f64, bool)| (said - f64::from(u8::from(*failed))).powi(2);
        let gains: Vec<f64> =
            one.iter().zip(other).map(|(one, other)| squared(other) - squared(one)).collect();
        let n = gains.len().max(1) as f64;
        let mean = gains.iter().sum::<f64>() / n;
        let variance = gains.iter().map(|it| (it - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        Self { mean, standard_error: (variance / n).sqrt() }
    }

    fn is_certain(self) -> bool {
        self.mean > STANDARD_ERRORS * self.standard_error
    }
}

/// Fits weights to `outcomes`, which are in the order of time, and compares them with those of `current`.
///
/// # Errors
/// When there are too few outcomes.
pub fn refit(outcomes: &[Outcome], current: &[u32], ridge: f64) -> Result<Refit, TooFew> {
    let n_failed = outcomes.iter().filter(|it| it.failed).count();
    let (past, future) = past_and_future(outcomes, PAST_SHARE);
    let n_failed_past = past.iter().filter(|it| it.failed).count();
    let enough = |failed: usize, all: usize| failed >= OF_EACH_KIND_MIN && all - failed >= OF_EACH_KIND_MIN;
    if outcomes.len() < OUTCOMES_MIN || !enough(n_failed_past, past.len()) || future.is_empty() {
        return Err(TooFew { n: outcomes.len(), n_failed });
    }
    let rows: Vec<(Vec<f64>, bool)> = past.iter().map(|it| (it.shares.clone(), it.failed)).collect();
    let fitted = logistic::fit(&rows, ridge);
    let weights = points(&fitted.weights);
    let rate = n_failed_past as f64 / past.len() as f64;
    let always: Vec<(f64, bool)> = future.iter().map(|it| (rate, it.failed)).collect();
    let (proposed, current) = (said(past, future, &weights), said(past, future, current));
    Ok(Refit {
        gain: Gain::of(&proposed, &current),
        gain_over_rate: Gain::of(&proposed, &always),
        proposed: Backtest::of(&proposed),
        current: Backtest::of(&current),
        weights,
        coefficients: fitted.weights,
        n_fitted: past.len(),
        n_judged: future.len(),
        n_failed,
        brier_of_rate: brier(&always),
    })
}

/// Whole points in the proportion of the coefficients above zero, by the largest remainders.
fn points(coefficients: &[f64]) -> Vec<u32> {
    let positive: Vec<f64> = coefficients.iter().map(|it| it.max(0.0)).collect();
    let sum: f64 = positive.iter().sum();
    if sum <= 0.0 {
        return vec![0; coefficients.len()];
    }
    let exact: Vec<f64> = positive.iter().map(|it| it / sum * f64::from(POINTS)).collect();
    let mut points: Vec<u32> = exact.iter().map(|it| it.floor() as u32).collect();
    let mut order: Vec<usize> = (0..exact.len()).collect();
    order.sort_by(|a, b| exact[*b].fract().total_cmp(&exact[*a].fract()).then(a.cmp(b)));
    let missing = POINTS.saturating_sub(points.iter().sum());
    for idx in order.into_iter().cycle().take(missing as usize) {
        points[idx] += 1;
    }
    points
}

impl Backtest {
    fn of(said: &[(f64, bool)]) -> Self {
        Self { brier: brier(said), reliability: reliability(said, BINS) }
    }
}

/// The chance that a score by `weights` gives to each of the later outcomes, and what came of it.
fn said(past: &[Outcome], future: &[Outcome], weights: &[u32]) -> Vec<(f64, bool)> {
    let score = |it: &Outcome| -> Vec<f64> {
        let sum: f64 = it.shares.iter().zip(weights).map(|(share, weight)| share * f64::from(*weight)).sum();
        vec![sum / f64::from(POINTS)]
    };
    let rows: Vec<(Vec<f64>, bool)> = past.iter().map(|it| (score(it), it.failed)).collect();
    let calibrated = logistic::fit(&rows, RIDGE_OF_SCORE);
    future.iter().map(|it| (calibrated.predict(&score(it)), it.failed)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Outcomes of which the first factor decides, the second one says nothing, and the third one speaks against failure.
    fn outcomes(n: usize) -> Vec<Outcome> {
        // A sequence without pattern (Knuth's multiplier), so that the test is the same each time.
        let mut state = 1_u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as f64 / f64::from(1_u32 << 31)
        };
        let outcome = |_| {
            let shares = vec![draw(), draw(), draw()];
            let chance = 1.0 / (1.0 + (2.5 - 5.0 * shares[0] + 2.0 * shares[2]).exp());
            Outcome { failed: draw() < chance, shares }
        };
        (0..n).map(outcome).collect()
    }

    #[test]
    fn what_decides_gets_the_points_and_tells_better_than_equal_weights() {
        let refit = refit(&outcomes(1500), &[33, 33, 34], 1.0).unwrap();
        assert_eq!(refit.weights.iter().sum::<u32>(), POINTS);
        assert!(refit.weights[0] > 80, "{refit:?}");
        assert_eq!(refit.weights[2], 0, "what speaks against failure adds no points");
        assert!(refit.is_better(), "{refit:?}");
        assert_eq!((refit.n_fitted, refit.n_judged), (1050, 450));
    }

    #[test]
    fn too_little_is_said_to_be_too_little() {
        let few = outcomes(OUTCOMES_MIN - 1);
        assert!(refit(&few, &[1, 1, 1], 1.0).is_err());
        let fine: Vec<Outcome> =
            outcomes(300).into_iter().map(|it| Outcome { failed: false, ..it }).collect();
        assert_eq!(refit(&fine, &[1, 1, 1], 1.0), Err(TooFew { n: 300, n_failed: 0 }));
    }

    #[test]
    fn noise_is_not_said_to_be_better() {
        let mut all = outcomes(600);
        for (idx, it) in all.iter_mut().enumerate() {
            it.failed = idx % 3 == 0;
        }
        let refit = refit(&all, &[33, 33, 34], 1.0).unwrap();
        assert!(!refit.is_better(), "{refit:?}");
    }

    #[test]
    fn points_are_whole_and_add_up() {
        assert_eq!(points(&[1.0, 1.0, 1.0]), [34, 33, 33]);
        assert_eq!(points(&[-1.0, 0.0]), [0, 0]);
        assert_eq!(points(&[-1.0, 0.2]), [0, 100]);
    }
}
