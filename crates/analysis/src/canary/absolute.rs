//! Differences of shares: evidence that canary's share exceeds control's by more than a margin in absolute terms, or that
//! it falls short of one.
//!
//! The odds ratio of a table given its margins says nothing about the difference of the shares, which depends on the
//! base rate. So this evidence does not condition on the margins. For an alternative (p₁, p₀), and (q₁, q₀) the point of
//! the line q₁ = q₀ + d that minimises a·KL(p₁‖q₁) + b·KL(p₀‖q₀), the likelihood ratio of a block of a canary and b
//! control units between the two is an e-variable against the half-plane beyond the line: the half-plane is convex, so at
//! the minimum the expectation of its logarithm's linear bound is at most zero for every point of it (Turner, Ly &
//! Grünwald, "Generic E-variables for exact sequential k-sample tests", 2024, theorem 1). The alternatives follow
//! control's share of the blocks before, which keeps that true: they are fixed before the block is seen.

use crate::kernel::Table;

/// One bound on the difference of the shares, canary's minus control's.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    /// The line q₁ = q₀ + d.
    bound: f64,
    /// How far canary's share is from control's under each alternative.
    gaps: Vec<f64>,
    /// Control's share, with decaying memory.
    control_hits: f64,
    control_total: f64,
}

/// Alternatives per bound.
pub(super) const N_GAPS: usize = 10;

/// What a block's counts still weigh one block later: a memory of about 33 blocks follows a drift of the day.
const DECAY: f64 = 0.97;

/// Shares closer to zero or one than this would make a single unit speak for ever.
const SHARE_MIN: f64 = 1e-7;

/// Halvings of the interval in which the projection is sought.
const HALVINGS: u32 = 40;

impl Difference {
    /// Against "canary's share is at most control's and `margin`".
    pub(super) fn above(margin: f64) -> Self {
        // From a quarter of the margin beyond it to half of all units.
        let growth = (2.0 / margin).powf(1.0 / (N_GAPS - 1) as f64);
        Self::new(margin, |idx| margin + margin / 4.0 * growth.powi(idx as i32))
    }

    /// Against "canary's share is at least control's and `harm`".
    pub(super) fn below(harm: f64) -> Self {
        Self::new(harm, |idx| harm * idx as f64 / (N_GAPS + 1) as f64)
    }

    fn new(bound: f64, gap: impl Fn(usize) -> f64) -> Self {
        Self { bound, gaps: (0..N_GAPS).map(gap).collect(), control_hits: 0.0, control_total: 0.0 }
    }

    /// Logarithms of the likelihood ratios of a block under each alternative; empty if an arm is.
    pub(super) fn log_ratios(&self, table: &Table) -> Vec<f64> {
        let (a, b) = (table.canary_total as f64, table.control_total as f64);
        // Before the first block the share is anyone's guess; that costs the first block only.
        if a == 0.0 || b == 0.0 || self.control_total == 0.0 {
            return Vec::new();
        }
        let control = ((self.control_hits + 0.5) / (self.control_total + 1.0)).clamp(SHARE_MIN, 0.5);
        let ratio = |gap: &f64| {
            let canary = (control + gap).clamp(SHARE_MIN, 1.0 - SHARE_MIN);
            let null = project((a, canary), (b, control), self.bound);
            let log = |hits: u64, total: f64, p: f64, q: f64| {
                hits as f64 * (p / q).ln() + (total - hits as f64) * ((1.0 - p) / (1.0 - q)).ln()
            };
            log(table.canary_hits, a, canary, null + self.bound) + log(table.control_hits, b, control, null)
        };
        self.gaps.iter().map(ratio).collect()
    }

    /// Remembers control's share for the blocks to come.
    pub(super) fn learn(&mut self, table: &Table) {
        self.control_hits = self.control_hits * DECAY + table.control_hits as f64;
        self.control_total = self.control_total * DECAY + table.control_total as f64;
    }
}

/// Control's share at the point of the line that is nearest to the alternative. Both divergences are convex, so the
/// derivative of their sum rises, and changes its sign between the two shares.
fn project((a, canary): (f64, f64), (b, control): (f64, f64), bound: f64) -> f64 {
    let inside = |it: f64| it.clamp(SHARE_MIN / 2.0, 1.0 - bound - SHARE_MIN / 2.0);
    let (mut low, mut high) = (inside(control.min(canary - bound)), inside(control.max(canary - bound)));
    for _ in 0..HALVINGS {
        let middle = (low + high) / 2.0;
        let of_canary = middle + bound;
        let slope = a * (of_canary - canary) / (of_canary * (1.0 - of_canary))
            + b * (middle - control) / (middle * (1.0 - middle));
        if slope > 0.0 { high = middle } else { low = middle }
    }
    (low + high) / 2.0
}

/// Logarithm of the e-value: every alternative weighs the same.
pub(super) fn log_e_value(log_ratios: &[f64]) -> f64 {
    let share = 1.0 / log_ratios.len() as f64;
    crate::evidence::log_mean(log_ratios.iter().map(|&it| (share, it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chance(n: u64, hits: u64, share: f64) -> f64 {
        let choices: f64 = (0..hits).map(|idx| (n - idx) as f64 / (idx + 1) as f64).product();
        choices * share.powi(hits as i32) * (1.0 - share).powi((n - hits) as i32)
    }

    /// The expected e-value of one block, summed over every outcome, when these are the true shares.
    fn expected(difference: &Difference, (a, b): (u64, u64), canary: f64, control: f64) -> f64 {
        let outcomes = (0..=a).flat_map(|x| (0..=b).map(move |y| (x, y)));
        outcomes
            .map(|(x, y)| {
                let table = Table { canary_total: a, canary_hits: x, control_total: b, control_hits: y };
                let e_value = log_e_value(&difference.log_ratios(&table)).exp();
                chance(a, x, canary) * chance(b, y, control) * e_value
            })
            .sum()
    }

    fn after(mut difference: Difference, hits: u64) -> Difference {
        difference.learn(&Table { control_total: 1000, control_hits: hits, ..Table::default() });
        difference
    }

    #[test]
    fn is_expected_to_be_at_most_one_wherever_the_null_holds() {
        for hits in [0, 20, 300] {
            let (above, below) = (after(Difference::above(0.05), hits), after(Difference::below(0.05), hits));
            for sizes in [(9, 9), (3, 25), (25, 3)] {
                for control in [0.0, 0.01, 0.2, 0.6, 0.9] {
                    for step in 0..=10 {
                        let gap = f64::from(step) / 10.0;
                        let not_worse = (control + 0.05) * gap;
                        let found = expected(&above, sizes, not_worse, control);
                        assert!(found < 1.0 + 1e-6, "{sizes:?} {not_worse} {control}: {found}");
                        let as_bad = control + 0.05 + (0.95 - control) * gap;
                        let found = expected(&below, sizes, as_bad, control);
                        assert!(found < 1.0 + 1e-6, "{sizes:?} {as_bad} {control}: {found}");
                    }
                }
            }
        }
    }

    #[test]
    fn grows_beyond_the_bound_and_on_a_healthy_canary_without_a_single_failure() {
        let table = |canary_hits, control_hits| Table {
            canary_total: 500,
            canary_hits,
            control_total: 500,
            control_hits,
        };
        let above = after(Difference::above(0.01), 2);
        assert!(log_e_value(&above.log_ratios(&table(20, 1))) > 3.0);
        assert!(log_e_value(&above.log_ratios(&table(4, 1))) < 0.0);
        let below = after(Difference::below(0.01), 0);
        assert!(log_e_value(&below.log_ratios(&table(0, 0))) > 2.0);
    }
}
