//! The mean of a quantity of which only count, sum and sum of squares are known.
//!
//! Blocks are gathered into strata of [`STRATUM_MIN`] units per arm. Each stratum has a difference of means `d`, with the
//! variance `v` of that difference, and the weight `w` = n₁n₀/(n₁+n₀). `S = Σ w·d` then has the intrinsic time
//! `V = Σ w²·v`, and Robbins's half-normal mixture `2·exp(S²ρ²/(2(Vρ²+1)))·Φ(Sρ/√(Vρ²+1))/√(Vρ²+1)` is an e-process against
//! "no drift upward" in the limit of many units (Waudby-Smith et al. 2024; Howard, Ramdas, McAuliffe & Sekhon,
//! "Time-uniform, nonparametric, nonasymptotic confidence sequences", 2021). In the limit only: a soft gate.

use super::answer::Effect;
use super::config::Direction;
use super::effect::half_width;
use super::observation::Arm;

/// Units per arm of one stratum: so that a stratum's variance does not follow its mean.
const STRATUM_MIN: f64 = 100.0;

/// Units per arm before the limit is trusted.
const UNITS_MIN: f64 = 1000.0;

/// The mixture is tightest when the evidence has grown to so many times that of the first stratum.
const TYPICAL_STRATA: f64 = 20.0;

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sums {
    n: f64,
    sum: f64,
    sum_sq: f64,
}

#[derive(Debug, Clone)]
pub(super) struct Moments {
    open: [Sums; 2],
    /// Units of the arm that has fewer.
    n_units: f64,
    harm: Drift,
    /// The same against a difference in the unit of the means.
    harm_absolute: Option<Drift>,
    health: Drift,
    /// Weighted means with their variances, control's first.
    means: [(f64, f64); 2],
}

/// The sum of weighted differences from one bound, positive on the side that it speaks for.
#[derive(Debug, Clone, Copy)]
struct Drift {
    /// What control's mean is multiplied with.
    factor: f64,
    /// What is excused beyond that.
    slack: f64,
    sign: f64,
    s: f64,
    v: f64,
    rho_sq: f64,
}

impl Sums {
    pub(super) fn of(values: &[f64]) -> Self {
        let sum_sq = values.iter().map(|it| it * it).sum();
        Self { n: values.len() as f64, sum: values.iter().sum(), sum_sq }
    }

    pub(super) fn new(n: u64, sum: f64, sum_sq: f64) -> Self {
        Self { n: n as f64, sum, sum_sq }
    }

    fn add(&mut self, other: Self) {
        self.n += other.n;
        self.sum += other.sum;
        self.sum_sq += other.sum_sq;
    }

    fn mean(&self) -> f64 {
        self.sum / self.n
    }

    /// Variance of the mean.
    fn error_sq(&self) -> f64 {
        let mean = self.mean();
        ((self.sum_sq / self.n - mean * mean).max(0.0)) / (self.n - 1.0)
    }
}

impl Moments {
    /// Against means that are worse than `margin` times control's and, if there is an absolute one, than control's by
    /// more than that; and against those better than `harm` times control's.
    pub(super) fn new(direction: Direction, margin: f64, harm: f64, margin_absolute: Option<f64>) -> Self {
        let drift = |factor, sign| Drift { factor, slack: 0.0, sign, s: 0.0, v: 0.0, rho_sq: 0.0 };
        let (harmful, healthy) = match direction {
            Direction::Increase => (drift(margin, 1.0), drift(harm, -1.0)),
            Direction::Decrease => (drift(1.0 / margin, -1.0), drift(1.0 / harm, 1.0)),
        };
        Self {
            open: [Sums::default(); 2],
            n_units: 0.0,
            harm_absolute: margin_absolute.map(|slack| Drift { factor: 1.0, slack, ..harmful }),
            harm: harmful,
            health: healthy,
            means: [(0.0, 0.0); 2],
        }
    }

    pub(super) fn add(&mut self, arm: Arm, sums: Sums) {
        self.open[super::roster::index(arm)].add(sums);
    }

    /// At the end of a block.
    pub(super) fn close(&mut self) {
        let [control, canary] = self.open;
        if control.n < STRATUM_MIN || canary.n < STRATUM_MIN {
            return;
        }
        self.open = [Sums::default(); 2];
        self.n_units += control.n.min(canary.n);
        let weight = control.n * canary.n / (control.n + canary.n);
        for (mean, arm) in self.means.iter_mut().zip([control, canary]) {
            mean.0 += weight * arm.mean();
            mean.1 += weight * weight * arm.error_sq();
        }
        self.harm.observe(control, canary, weight);
        if let Some(harm) = &mut self.harm_absolute {
            harm.observe(control, canary, weight);
        }
        self.health.observe(control, canary, weight);
    }

    pub(super) fn log_harm(&self) -> f64 {
        // One margin that holds is enough for "not worse", so both have to be exceeded.
        let relative = self.trusted(self.harm);
        self.harm_absolute.map_or(relative, |it| relative.min(self.trusted(it)))
    }

    pub(super) fn log_health(&self) -> f64 {
        self.trusted(self.health)
    }

    fn trusted(&self, drift: Drift) -> f64 {
        if self.n_units < UNITS_MIN { 0.0 } else { drift.log_e_value() }
    }

    /// The ratio of the means.
    pub(super) fn effect(&self, alpha: f64) -> Effect {
        let of = "means".to_owned();
        let [(control, control_error_sq), (canary, canary_error_sq)] = self.means;
        if control <= 0.0 || canary <= 0.0 {
            return Effect { of, ..Effect::default() };
        }
        let variance = control_error_sq / (control * control) + canary_error_sq / (canary * canary);
        let (log, width) = ((canary / control).ln(), half_width(variance.max(f64::MIN_POSITIVE), alpha));
        let (low, high) = (Some((log - width).exp()), Some((log + width).exp()));
        Effect { estimate: Some(log.exp()), low, high, of }.finite()
    }
}

impl Drift {
    fn observe(&mut self, control: Sums, canary: Sums, weight: f64) {
        let difference = self.sign * (canary.mean() - self.factor * control.mean()) - self.slack;
        let variance = canary.error_sq() + self.factor * self.factor * control.error_sq();
        self.s += weight * difference;
        self.v += weight * weight * variance;
        if self.rho_sq == 0.0 && self.v > 0.0 {
            self.rho_sq = TUNING / (TYPICAL_STRATA * self.v);
        }
    }

    fn log_e_value(&self) -> f64 {
        let spread = self.v * self.rho_sq + 1.0;
        let z = self.s * (self.rho_sq / spread).sqrt();
        // Under the bound exp(z²/2)·2Φ(z) is at most one, and nobody needs to know how far.
        if z <= 0.0 {
            return -0.5 * spread.ln();
        }
        0.5 * z * z + (2.0 * normal_below(z)).ln() - 0.5 * spread.ln()
    }
}

/// −2 ln α + ln(1 − 2 ln α) at α = 0.01, which makes the mixture tightest at the typical time (Waudby-Smith et al. 2024,
/// appendix B.2).
const TUNING: f64 = 11.53;

/// Φ for z ≥ 0 (Abramowitz & Stegun 26.2.17, absolute error under 7.5e-8).
fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let series = t
        * (0.319_381_530
            + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    1.0 - series * (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sums(n: u64, mean: f64, deviation: f64) -> Sums {
        let n_float = n as f64;
        Sums::new(n, n_float * mean, n_float * (mean * mean + deviation * deviation))
    }

    fn after(n_strata: u64, control: f64, canary: f64) -> Moments {
        after_with(n_strata, control, canary, None)
    }

    fn after_with(n_strata: u64, control: f64, canary: f64, margin_absolute: Option<f64>) -> Moments {
        let mut moments = Moments::new(Direction::Decrease, 1.05, 1.25, margin_absolute);
        for _ in 0..n_strata {
            moments.add(Arm::Control, sums(500, control, 30.0));
            moments.add(Arm::Canary, sums(500, canary, 30.0));
            moments.close();
        }
        moments
    }

    #[test]
    fn a_lower_mean_is_found_and_an_equal_one_is_shown_to_be() {
        let (lower, equal) = (after(40, 10.0, 7.5), after(40, 10.0, 10.0));
        assert!(lower.log_harm() > 100.0_f64.ln() && lower.log_health() < 0.0, "{}", lower.log_harm());
        assert!(equal.log_harm() < 0.0 && equal.log_health() > 20.0_f64.ln(), "{}", equal.log_health());
        assert!((lower.effect(0.01).estimate.unwrap() - 0.75).abs() < 1e-9);
    }

    #[test]
    fn an_absolute_margin_excuses_what_it_says() {
        let needed = 100.0_f64.ln();
        assert!(after_with(40, 10.0, 7.5, Some(5.0)).log_harm() < 0.0);
        assert!(after_with(40, 10.0, 7.5, Some(0.5)).log_harm() > needed);
        // Within the ratio it is not worse, whatever the difference is.
        assert!(after_with(40, 1000.0, 960.0, Some(0.5)).log_harm() < 0.0);
    }

    #[test]
    fn few_units_say_nothing() {
        assert_eq!((after(1, 10.0, 1.0).log_harm(), after(1, 10.0, 10.0).log_health()), (0.0, 0.0));
    }

    #[test]
    fn normal_distribution_as_tabulated() {
        assert!((normal_below(1.959_963_984_540) - 0.975).abs() < 1e-7);
    }
}
