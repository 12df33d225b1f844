//! Chances fitted to outcomes: logistic regression with a ridge, and how good the chances are that it gives.
//!
//! It is what a score of risk is calibrated by. Rows are in the order of time: [`past_and_future`] cuts them so that a fit
//! is judged by what came after it, never by what it was made from. Start at [`fit`]; [`brier`] and [`reliability`] say
//! how far the chances can be believed.

mod calibration;
mod cholesky;

pub use calibration::{Bin, brier, past_and_future, reliability};

use cholesky::solve;

/// What was fitted: the logarithm of the odds is `intercept` and the sum of `weights` times features.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Fit {
    pub intercept: f64,
    /// Per feature, in the order of the rows.
    pub weights: Vec<f64>,
}

/// Outcomes that are all alike have no finite intercept of the greatest likelihood. So it is shrunk too, by a ridge that
/// a handful of rows outweigh.
const INTERCEPT_RIDGE: f64 = 1e-3;

/// Without any ridge, features that separate the outcomes have no finite weights.
const RIDGE_MIN: f64 = 1e-9;

/// Newton's steps; some ten are taken where it converges.
const STEPS_MAX: usize = 100;

/// Halvings of one step before it is given up as the last one.
const HALVINGS_MAX: usize = 40;

/// A value is no more precise than this part of itself, and of one.
const ROUNDING: f64 = 1e-13;

/// A step that moves no coefficient further than this is the last one.
const STEP_MIN: f64 = 1e-10;

impl Fit {
    /// The chance of `true`, from zero to one. Features beyond the weights count nothing, and so do missing ones.
    pub fn predict(&self, features: &[f64]) -> f64 {
        let sum: f64 = self.weights.iter().zip(features).map(|(weight, it)| weight * it).sum();
        chance(self.intercept + sum)
    }
}

/// Maximises `Σ ln P(outcome) − ridge/2·Σ weight²` by iteratively reweighted least squares (Newton's method, halving a
/// step that would lose: le Cessie & van Houwelingen, "Ridge estimators in logistic regression", Applied Statistics 41,
/// 1992). The maximum is unique, so the same rows always give the same fit, in whatever order they come up to rounding.
///
/// The ridge treats all weights alike, hence features should vary by about the same; it is at least 1e-9. Rows that are
/// longer or shorter than the first one, and rows with a value that is no finite number, are left out. Without rows all
/// coefficients are zero.
pub fn fit(rows: &[(Vec<f64>, bool)], ridge: f64) -> Fit {
    let n_weights = rows.first().map_or(0, |(features, _)| features.len());
    let is_good = |features: &[f64]| features.len() == n_weights && features.iter().all(|it| it.is_finite());
    let good: Vec<(&[f64], bool)> = rows
        .iter()
        .map(|(features, outcome)| (features.as_slice(), *outcome))
        .filter(|(features, _)| is_good(features))
        .collect();
    let problem = Problem { rows: good, ridge: if ridge >= RIDGE_MIN { ridge } else { RIDGE_MIN } };
    let mut coefficients = vec![0.0; n_weights + 1];
    let mut value = problem.value(&coefficients);
    for _ in 0..STEPS_MAX {
        let Some(step) = problem.step(&coefficients) else { break };
        let Some((next, next_value)) = problem.climb(&coefficients, value, &step) else { break };
        let moved =
            coefficients.iter().zip(&next).map(|(one, other)| (one - other).abs()).fold(0.0, f64::max);
        (coefficients, value) = (next, next_value);
        if moved < STEP_MIN {
            break;
        }
    }
    let weights = coefficients.split_off(1);
    Fit { intercept: coefficients[0], weights }
}

/// The penalised likelihood of coefficients, of which the first is the intercept.
struct Problem<'a> {
    rows: Vec<(&'a [f64], bool)>,
    ridge: f64,
}

impl Problem<'_> {
    fn ridge_of(&self, idx: usize) -> f64 {
        if idx == 0 { INTERCEPT_RIDGE } else { self.ridge }
    }

    fn value(&self, coefficients: &[f64]) -> f64 {
        let likelihood: f64 = self
            .rows
            .iter()
            .map(|(features, outcome)| {
                let log_odds = log_odds(coefficients, features);
                -softplus(if *outcome { -log_odds } else { log_odds })
            })
            .sum();
        let penalty = coefficients.iter().enumerate().map(|(idx, it)| self.ridge_of(idx) / 2.0 * it * it);
        likelihood - penalty.sum::<f64>()
    }

    /// Newton's step: the gradient by the inverse of the information, which is positive definite on account of the ridge.
    fn step(&self, coefficients: &[f64]) -> Option<Vec<f64>> {
        let n = coefficients.len();
        let mut gradient: Vec<f64> =
            coefficients.iter().enumerate().map(|(idx, it)| -self.ridge_of(idx) * it).collect();
        let mut information = vec![vec![0.0; n]; n];
        for (idx, row) in information.iter_mut().enumerate() {
            row[idx] = self.ridge_of(idx);
        }
        for (features, outcome) in &self.rows {
            let p = chance(log_odds(coefficients, features));
            let (residual, weight) = (f64::from(u8::from(*outcome)) - p, p * (1.0 - p));
            let at = |idx: usize| if idx == 0 { 1.0 } else { features[idx - 1] };
            for (idx, row) in information.iter_mut().enumerate() {
                gradient[idx] += residual * at(idx);
                for (other, sum) in row[..=idx].iter_mut().enumerate() {
                    *sum += weight * at(idx) * at(other);
                }
            }
        }
        solve(information, &gradient)
    }

    /// The first point on the way that is no worse than rounding alone could make it, with its value: near the top the value is
    /// too flat to tell the last steps apart, which bring the gradient to zero.
    fn climb(&self, from: &[f64], value: f64, step: &[f64]) -> Option<(Vec<f64>, f64)> {
        let least = value - ROUNDING * (1.0 + value.abs());
        (0..HALVINGS_MAX).find_map(|halving| {
            let part = 0.5_f64.powi(halving as i32);
            let next: Vec<f64> = from.iter().zip(step).map(|(it, step)| it + part * step).collect();
            let next_value = self.value(&next);
            (next_value >= least).then_some((next, next_value))
        })
    }
}

fn log_odds(coefficients: &[f64], features: &[f64]) -> f64 {
    coefficients[0] + coefficients[1..].iter().zip(features).map(|(weight, it)| weight * it).sum::<f64>()
}

fn chance(log_odds: f64) -> f64 {
    1.0 / (1.0 + (-log_odds).exp())
}

/// ln(1 + exp(it)) without overflow.
fn softplus(it: f64) -> f64 {
    it.max(0.0) + (-it.abs()).exp().ln_1p()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows(counts: &[(&[f64], usize, usize)]) -> Vec<(Vec<f64>, bool)> {
        counts
            .iter()
            .flat_map(|(features, n_true, n_false)| {
                let row = |outcome| (features.to_vec(), outcome);
                [vec![row(true); *n_true], vec![row(false); *n_false]].concat()
            })
            .collect()
    }

    #[test]
    fn one_feature_of_two_values_has_the_odds_of_its_table() {
        // Without a ridge to speak of, the weight is the logarithm of the odds ratio: (30·80)/(70·20).
        let found = fit(&rows(&[(&[1.0], 300, 700), (&[0.0], 200, 800)]), 1e-6);
        assert!((found.weights[0] - (30.0_f64 * 80.0 / (70.0 * 20.0)).ln()).abs() < 1e-4, "{found:?}");
        assert!((found.intercept - (20.0_f64 / 80.0).ln()).abs() < 1e-4, "{found:?}");
        assert!((found.predict(&[1.0]) - 0.3).abs() < 1e-4);
    }

    #[test]
    fn a_ridge_shrinks_and_makes_what_separates_finite() {
        let separated = rows(&[(&[1.0], 50, 0), (&[-1.0], 0, 50)]);
        let (loose, tight) = (fit(&separated, 0.01), fit(&separated, 10.0));
        assert!(
            loose.weights[0].is_finite() && loose.weights[0] > tight.weights[0] && tight.weights[0] > 0.0
        );
        assert!(fit(&rows(&[(&[0.0], 0, 40)]), 1.0).predict(&[0.0]) < 0.01);
    }

    #[test]
    fn what_makes_no_sense_is_left_out() {
        let good = rows(&[(&[1.0], 3, 1), (&[0.0], 1, 3)]);
        let bad = [(vec![f64::NAN], true), (vec![1.0, 2.0], true), (Vec::new(), false)];
        assert_eq!(fit(&[good.as_slice(), &bad].concat(), 1.0), fit(&good, 1.0));
        assert_eq!(fit(&[], 1.0), Fit { intercept: 0.0, weights: Vec::new() });
        assert_eq!(fit(&good, f64::NAN), fit(&good, 0.0));
    }

    proptest! {
        #[test]
        fn the_gradient_vanishes_at_the_fit(
            rows in prop::collection::vec((prop::collection::vec(-5.0..5.0_f64, 3), any::<bool>()), 1..60),
            ridge in 0.01..10.0_f64,
        ) {
            let found = fit(&rows, ridge);
            let residual = |(features, outcome): &(Vec<f64>, bool)| {
                f64::from(u8::from(*outcome)) - found.predict(features)
            };
            let slope: f64 = rows.iter().map(residual).sum::<f64>() - INTERCEPT_RIDGE * found.intercept;
            prop_assert!(slope.abs() < 1e-6, "{found:?}: {slope}");
            for (idx, weight) in found.weights.iter().enumerate() {
                let slope: f64 =
                    rows.iter().map(|it| residual(it) * it.0[idx]).sum::<f64>() - ridge * weight;
                prop_assert!(slope.abs() < 1e-6, "{found:?}: {slope}");
            }
        }
    }
}
