//! How large the difference is: a stratified ratio with an interval that may be looked at at any time.

use crate::kernel::Table;

use super::answer::Effect;

/// Sums of the Mantel–Haenszel estimator of a common odds ratio over blocks, with those of its variance (Robins, Breslow
/// & Greenland, "Estimators of the Mantel–Haenszel variance consistent in both sparse data and large-strata limiting
/// models", Biometrics 42, 1986). For counts, the same estimator of a ratio of rates.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Stratified {
    r: f64,
    s: f64,
    pr: f64,
    mixed: f64,
    qs: f64,
    /// Only of counts: Σ m·e₁·e₀/N².
    counted: f64,
}

impl Stratified {
    pub(super) fn observe_odds(&mut self, table: &Table) {
        let (a, b) = (table.canary_total as f64, table.control_total as f64);
        let (x, y) = (table.canary_hits as f64, table.control_hits as f64);
        let n = a + b;
        if a == 0.0 || b == 0.0 {
            return;
        }
        let (r, s) = (x * (b - y) / n, y * (a - x) / n);
        let (p, q) = ((x + b - y) / n, (y + a - x) / n);
        self.r += r;
        self.s += s;
        self.pr += p * r;
        self.mixed += p * s + q * r;
        self.qs += q * s;
    }

    pub(super) fn observe_counts(&mut self, table: &Table) {
        let (a, b) = (table.canary_total as f64, table.control_total as f64);
        let n = a + b;
        if a == 0.0 || b == 0.0 {
            return;
        }
        self.r += table.canary_hits as f64 * b / n;
        self.s += table.control_hits as f64 * a / n;
        self.counted += (table.canary_hits + table.control_hits) as f64 * a / n * b / n;
    }

    pub(super) fn effect(&self, alpha: f64, of: String) -> Effect {
        if self.r + self.s == 0.0 {
            return Effect { of, ..Effect::default() };
        }
        // An arm without hits: half a hit on either side, as Haldane and Anscombe add it to a table.
        let half = if self.r == 0.0 || self.s == 0.0 { 0.25 } else { 0.0 };
        let (r, s) = (self.r + half, self.s + half);
        let variance = if self.counted > 0.0 {
            (self.counted + half) / (r * s)
        } else {
            (self.pr + half) / (2.0 * r * r) + self.mixed / (2.0 * r * s) + (self.qs + half) / (2.0 * s * s)
        };
        let (log, width) = ((r / s).ln(), half_width(variance, alpha));
        Effect {
            estimate: (self.s > 0.0).then(|| self.r / self.s),
            low: Some(if self.r > 0.0 { (log - width).exp() } else { 0.0 }),
            high: (self.s > 0.0).then(|| (log + width).exp()),
            of,
        }
        .finite()
    }
}

impl Effect {
    /// Without what no JSON number can say.
    pub(super) fn finite(self) -> Self {
        let finite = |it: Option<f64>| it.filter(|it| it.is_finite());
        let (estimate, low, high) = (finite(self.estimate), finite(self.low), finite(self.high));
        Self { estimate, low, high, of: self.of }
    }
}

/// Half of the asymptotic confidence sequence for an effect on a logarithmic scale that is known with `variance`
/// (Waudby-Smith, Arbour, Sinha, Kennedy & Ramdas, "Time-uniform central limit theory and asymptotic confidence
/// sequences", 2024, eq. (3), written in terms of the information 1/variance): Robbins's normal mixture, tightest where
/// the information is such that effects of [`TYPICAL`] size matter.
pub(super) fn half_width(variance: f64, alpha: f64) -> f64 {
    let mixed = TYPICAL * TYPICAL / variance + 1.0;
    (variance * (1.0 + variance / (TYPICAL * TYPICAL)) * (mixed / (alpha * alpha)).ln()).sqrt()
}

/// The standard deviation of the mixture, on the logarithmic scale: early looks have effects of that order to tell, and
/// late ones hardly notice it.
const TYPICAL: f64 = 1.0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_table_has_its_own_odds_ratio() {
        let mut sums = Stratified::default();
        sums.observe_odds(&Table {
            canary_total: 100,
            canary_hits: 20,
            control_total: 100,
            control_hits: 10,
        });
        let effect = sums.effect(0.05, String::new());
        let odds = 20.0 * 90.0 / (80.0 * 10.0);
        assert!((effect.estimate.unwrap() - odds).abs() < 1e-12);
        // One stratum has Woolf's variance: 1/20 + 1/80 + 1/10 + 1/90.
        let variance = 1.0 / 20.0 + 1.0 / 80.0 + 1.0 / 10.0 + 1.0 / 90.0;
        let expected = (odds.ln() - half_width(variance, 0.05)).exp();
        assert!((effect.low.unwrap() - expected).abs() < 1e-9, "{effect:?} {expected}");
    }

    #[test]
    fn strata_of_different_base_rates_do_not_confound() {
        let mut sums = Stratified::default();
        // The pooled odds ratio would be far below one; within both it is exactly two.
        sums.observe_odds(&Table {
            canary_total: 1020,
            canary_hits: 20,
            control_total: 101,
            control_hits: 1,
        });
        sums.observe_odds(&Table {
            canary_total: 30,
            canary_hits: 20,
            control_total: 2000,
            control_hits: 1000,
        });
        assert!((sums.effect(0.05, String::new()).estimate.unwrap() - 2.0).abs() < 1e-9);
    }

    #[test]
    fn an_arm_without_hits_has_a_bound_on_one_side() {
        let mut sums = Stratified::default();
        sums.observe_odds(&Table {
            canary_total: 1000,
            canary_hits: 9,
            control_total: 1000,
            control_hits: 0,
        });
        let effect = sums.effect(0.05, String::new());
        assert_eq!((effect.estimate, effect.high), (None, None));
        assert!(effect.low.unwrap() > 0.0, "{effect:?}");
    }

    #[test]
    fn counts_have_a_ratio_of_rates() {
        let mut sums = Stratified::default();
        sums.observe_counts(&Table {
            canary_total: 10,
            canary_hits: 6,
            control_total: 100,
            control_hits: 20,
        });
        assert!((sums.effect(0.05, String::new()).estimate.unwrap() - 3.0).abs() < 1e-12);
    }
}
