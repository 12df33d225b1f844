//! Differences of rates, of events without a denominator.
//!
//! In a block canary had x events over the exposure a, control y over b, both Poisson with the rates λ₁ and λ₀. For any tilt
//! −a < s < b the product
//!
//! ```text
//! S = (1 + s/a)ˣ · (1 − s/b)ʸ · exp(−s·d)
//! ```
//!
//! has the expectation exp(s·(λ₁ − λ₀ − d)), as E(1 + s/a)ˣ = exp(λ₁s) and E(1 − s/b)ʸ = exp(−λ₀s). With s > 0 that is at most
//! one wherever λ₁ ≤ λ₀ + d, with s < 0 wherever λ₁ ≥ λ₀ + d, and exactly one on the line between, **whatever the rate common
//! to both is** and however it moves from block to block. S is the likelihood ratio between the rates p₁ = q₁(1 + s/a),
//! p₀ = q₀(1 − s/b) and the point q₁ = q₀ + d of the line next to them in the Kullback–Leibler sense, for there the
//! derivative of the divergence along the line, b·(p₀/q₀ − 1) + a·(p₁/q₁ − 1) = 0, is what makes both tilts one number. It is
//! the e-variable of Turner, Ly & Grünwald (2024) with Poisson's law in place of Bernoulli's; the tilt that grows fastest under
//! an alternative is the one of that projection.

use crate::kernel::Table;

/// Halvings of the interval in which the tilt is sought.
const HALVINGS: u32 = 50;

/// Control's rate is taken to be this at least, in events per its exposure in the block: none would let one event speak for
/// ever.
const EVENTS_MIN: f64 = 1e-7;

/// Logarithm of S for the alternative "canary's rate is control's and `gap`", the line being at `bound`, both per unit of
/// exposure. `control` is control's rate as it was before the block.
pub(super) fn log_ratio(table: &Table, control: f64, gap: f64, bound: f64) -> f64 {
    let (a, b) = (table.canary_total as f64, table.control_total as f64);
    let control = control.max(EVENTS_MIN / b);
    let tilt = tilt((a, (control + gap).max(0.0)), (b, control), bound);
    table.canary_hits as f64 * (tilt / a).ln_1p() + table.control_hits as f64 * (-tilt / b).ln_1p()
        - tilt * bound
}

/// The tilt at which the rates (p₁, p₀) are those of the line, tilted: p₁/(1 + s/a) − p₀/(1 − s/b) = d. The left side falls
/// in s, from p₁ − p₀ at zero.
fn tilt((a, canary): (f64, f64), (b, control): (f64, f64), bound: f64) -> f64 {
    let beyond = |tilt: f64| canary / (1.0 + tilt / a) - control / (1.0 - tilt / b) - bound;
    let (mut low, mut high) = if beyond(0.0) > 0.0 { (0.0, b) } else { (-a, 0.0) };
    for _ in 0..HALVINGS {
        let middle = low.midpoint(high);
        if beyond(middle) > 0.0 { low = middle } else { high = middle }
    }
    // The end nearer to zero: within the open interval, and on the right side.
    if low >= 0.0 { low } else { high }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table((a, b): (u64, u64), x: u64, y: u64) -> Table {
        Table { canary_total: a, canary_hits: x, control_total: b, control_hits: y }
    }

    /// The mean of S over the outcomes of a block in which these are the true rates. S is a product of what either arm says.
    fn expected(sizes: (u64, u64), (canary, control): (f64, f64), ratio: impl Fn(&Table) -> f64) -> f64 {
        let nothing = ratio(&table(sizes, 0, 0));
        let mean_over = |events: f64, of: &dyn Fn(u64) -> Table| {
            let (mut chance, mut sum) = ((-events).exp(), 0.0);
            for n in 0..400 {
                sum += chance * (ratio(&of(n)) - nothing).exp();
                chance *= events / (n + 1) as f64;
                // Nothing times what is beyond every double would be no number.
                if chance == 0.0 {
                    break;
                }
            }
            sum
        };
        let of_canary = mean_over(sizes.0 as f64 * canary, &|x| table(sizes, x, 0));
        let of_control = mean_over(sizes.1 as f64 * control, &|y| table(sizes, 0, y));
        of_canary * of_control * nothing.exp()
    }

    #[test]
    fn is_a_product_of_what_either_arm_says() {
        let ratio = |x, y| log_ratio(&table((30, 90), x, y), 0.05, 0.1, 0.02);
        assert!((ratio(7, 4) + ratio(0, 0) - ratio(7, 0) - ratio(0, 4)).abs() < 1e-12);
    }

    #[test]
    fn is_one_on_the_line_whatever_the_rate_is_and_less_behind_it() {
        let bound = 0.02;
        for exposure in [(30, 30), (12, 90), (90, 12)] {
            for believed in [0.0, 0.01, 0.2] {
                for gap in [0.025, 0.05, 0.3] {
                    let above = |table: &Table| log_ratio(table, believed, gap, bound);
                    for control in [0.0, 0.005, 0.03, 0.08] {
                        let on = expected(exposure, (control + bound, control), above);
                        assert!((on - 1.0).abs() < 1e-6, "{exposure:?} {believed} {gap} {control}: {on}");
                        let behind = expected(exposure, (control + bound * 0.7, control), above);
                        assert!(behind < 1.0, "{exposure:?} {believed} {gap} {control}: {behind}");
                    }
                }
                for gap in [0.0, 0.01, 0.018] {
                    let below = |table: &Table| log_ratio(table, believed, gap, bound);
                    for control in [0.0, 0.03] {
                        let on = expected(exposure, (control + bound, control), below);
                        assert!((on - 1.0).abs() < 1e-6, "{exposure:?} {believed} {gap} {control}: {on}");
                        let behind = expected(exposure, (control + bound * 1.4, control), below);
                        assert!(behind < 1.0, "{exposure:?} {believed} {gap} {control}: {behind}");
                    }
                }
            }
        }
    }

    /// No other tilt grows as fast under the alternative that it is made for.
    #[test]
    fn the_tilt_is_the_one_that_grows_fastest() {
        let (a, b, canary, control, bound) = (200.0, 500.0, 0.09, 0.02, 0.03);
        let growth =
            |tilt: f64| a * canary * (tilt / a).ln_1p() + b * control * (-tilt / b).ln_1p() - tilt * bound;
        let best = tilt((a, canary), (b, control), bound);
        assert!(best > 0.0 && best < b, "{best}");
        for other in [0.5, 0.9, 0.99, 1.01, 1.1, 1.5] {
            assert!(growth(best) > growth(best * other), "{best} and {other} times it");
        }
    }
}
