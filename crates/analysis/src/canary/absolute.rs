//! Differences in absolute terms: evidence that canary's share, or rate, exceeds control's by more than a margin, or that it
//! falls short of one.
//!
//! What stands for one block is in [`shares`] and [`rates`]. The alternatives follow what control did in the blocks before,
//! which keeps it an e-variable: they are fixed before the block is seen.

mod rates;
mod shares;

use crate::kernel::Table;

use super::channel::Likelihood;

/// One bound on the difference of the shares or rates, canary's minus control's.
#[derive(Debug, Clone)]
pub(super) struct Difference {
    law: Likelihood,
    /// The line q₁ = q₀ + d.
    bound: f64,
    /// How far canary is from control under each alternative.
    gaps: Vec<f64>,
    /// What control did, with decaying memory.
    control_hits: f64,
    control_total: f64,
}

/// Alternatives per bound.
const N_GAPS: usize = 10;

/// What a block's counts still weigh one block later: a memory of about 33 blocks follows a drift of the day.
const DECAY: f64 = 0.97;

/// The farthest alternative of a rate exceeds the margin by so many times a quarter of it. Beyond it every event still
/// counts, if not as much as it could.
const RATES_REACH: f64 = 1000.0;

impl Difference {
    /// Against "canary exceeds control by no more than `margin`".
    pub(super) fn above(law: Likelihood, margin: f64) -> Self {
        let reach = match law {
            // From a quarter of the margin beyond it to half of all units.
            Likelihood::Odds => 2.0 / margin,
            Likelihood::Rates => RATES_REACH,
        };
        let growth = reach.powf(1.0 / (N_GAPS - 1) as f64);
        Self::new(law, margin, |idx| margin + margin / 4.0 * growth.powi(idx as i32))
    }

    /// Against "canary exceeds control by `harm` at least".
    pub(super) fn below(law: Likelihood, harm: f64) -> Self {
        Self::new(law, harm, |idx| harm * idx as f64 / (N_GAPS + 1) as f64)
    }

    fn new(law: Likelihood, bound: f64, gap: impl Fn(usize) -> f64) -> Self {
        let gaps = (0..N_GAPS).map(gap).collect();
        Self { law, bound, gaps, control_hits: 0.0, control_total: 0.0 }
    }

    /// How many alternatives there are.
    pub(super) fn len(&self) -> usize {
        self.gaps.len()
    }

    /// Logarithms of the likelihood ratios of a block under each alternative; empty if an arm is.
    pub(super) fn log_ratios(&self, table: &Table) -> Vec<f64> {
        // Before the first block control is anyone's guess; that costs the first block only.
        if table.canary_total == 0 || table.control_total == 0 || self.control_total == 0.0 {
            return Vec::new();
        }
        let control = (self.control_hits + 0.5) / (self.control_total + 1.0);
        let ratio = |gap: &f64| match self.law {
            Likelihood::Odds => shares::log_ratio(table, control, *gap, self.bound),
            Likelihood::Rates => rates::log_ratio(table, control, *gap, self.bound),
        };
        self.gaps.iter().map(ratio).collect()
    }

    /// Remembers what control did for the blocks to come.
    pub(super) fn learn(&mut self, table: &Table) {
        self.control_hits = self.control_hits * DECAY + table.control_hits as f64;
        self.control_total = self.control_total * DECAY + table.control_total as f64;
    }
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
            let (above, below) = (
                after(Difference::above(Likelihood::Odds, 0.05), hits),
                after(Difference::below(Likelihood::Odds, 0.05), hits),
            );
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
        let above = after(Difference::above(Likelihood::Odds, 0.01), 2);
        assert!(log_e_value(&above.log_ratios(&table(20, 1))) > 3.0);
        assert!(log_e_value(&above.log_ratios(&table(4, 1))) < 0.0);
        let below = after(Difference::below(Likelihood::Odds, 0.01), 0);
        assert!(log_e_value(&below.log_ratios(&table(0, 0))) > 2.0);
        // The same of events per unit of exposure, some of which have several.
        let above = after(Difference::above(Likelihood::Rates, 0.01), 2);
        assert!(log_e_value(&above.log_ratios(&table(20, 1))) > 3.0);
        assert!(log_e_value(&above.log_ratios(&table(2000, 1))) > 1000.0);
        assert!(log_e_value(&above.log_ratios(&table(4, 1))) < 0.0);
        let below = after(Difference::below(Likelihood::Rates, 0.01), 0);
        assert!(log_e_value(&below.log_ratios(&table(0, 0))) > 2.0);
    }
}
