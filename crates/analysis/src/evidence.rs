//! Evidence gathered block by block against one bound of the odds ratio.

use crate::kernel::Table;

/// An e-process: a mixture, over a grid of alternatives, of the products of their likelihood ratios against `null`.
/// Its expectation is one if the odds ratio is `null` in every block, and less if it lies on the far side of `null`
/// from the grid in some; the conditional distribution has a monotone likelihood ratio.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    null: f64,
    alternatives: Vec<Alternative>,
}

#[derive(Debug, Clone, Copy)]
struct Alternative {
    odds: f64,
    log_likelihood_ratio: f64,
}

impl Evidence {
    /// Against an odds ratio of at most `margin`, seen best when the truth is within 1.15 to 60 times of it.
    pub(crate) fn of_more_errors(margin: f64) -> Self {
        Self::over_grid(margin, 1.15, 60.0, 24)
    }

    /// Against an odds ratio of at most `margin`; shares of slow requests move less than shares of failures.
    pub(crate) fn of_slower(margin: f64) -> Self {
        Self::over_grid(margin, 1.03, 6.0, 24)
    }

    /// Against an odds ratio of at least `harm`. The grid is for a canary from a quarter of that harm on; a coarse one
    /// is enough over so short a range.
    pub(crate) fn of_less_than(harm: f64) -> Self {
        Self::over_grid(harm, 0.25, 0.95, 12)
    }

    fn over_grid(null: f64, from: f64, to: f64, n_points: u32) -> Self {
        let step = (to / from).ln() / f64::from(n_points - 1);
        let point = |idx| Alternative {
            odds: null * from * (step * f64::from(idx)).exp(),
            log_likelihood_ratio: 0.0,
        };
        Self { null, alternatives: (0..n_points).map(point).collect() }
    }

    pub(crate) fn observe(&mut self, table: &Table) {
        if table.is_certain() {
            return;
        }
        let null = table.log_probability(self.null);
        for alternative in &mut self.alternatives {
            alternative.log_likelihood_ratio += table.log_probability(alternative.odds) - null;
        }
    }

    /// Natural logarithm of the e-value: every point of the grid weighs the same.
    pub(crate) fn log_e_value(&self) -> f64 {
        let share = 1.0 / self.alternatives.len() as f64;
        log_mean(self.alternatives.iter().map(|it| (share, it.log_likelihood_ratio)))
    }
}

/// `ln Σ share·exp(log)`. E-values that speak about the same null may be averaged however they depend on each other
/// (Vovk & Wang, "E-values: calibration, combination and applications", 2021).
pub(crate) fn log_mean(weighted: impl Iterator<Item = (f64, f64)> + Clone) -> f64 {
    let greatest = weighted.clone().fold(f64::NEG_INFINITY, |max, (_, log)| max.max(log));
    greatest + weighted.map(|(share, log)| share * (log - greatest).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The expected e-value after one block with these margins, summed over every table, when `odds` is the truth.
    fn expected(evidence: &Evidence, (a, b, m): (u64, u64, u64), odds: f64) -> f64 {
        (m.saturating_sub(b)..=m.min(a))
            .map(|x| {
                let table = Table { canary_total: a, canary_hits: x, control_total: b, control_hits: m - x };
                let mut after = evidence.clone();
                after.observe(&table);
                (table.log_probability(odds) + after.log_e_value()).exp()
            })
            .sum()
    }

    #[test]
    fn is_expected_to_be_one_at_the_bound_and_less_on_the_side_it_speaks_against() {
        let margins = (0..7).flat_map(|a| (0..7).flat_map(move |b| (0..=a + b).map(move |m| (a, b, m))));
        for margins in margins.chain([(50, 950, 21), (3, 400, 9)]) {
            for (evidence, bound, null_side) in [
                (Evidence::of_more_errors(1.1), 1.1, 0.8),
                (Evidence::of_slower(1.1), 1.1, 0.8),
                (Evidence::of_less_than(2.0), 2.0, 3.0),
            ] {
                let at_bound = expected(&evidence, margins, bound);
                assert!((at_bound - 1.0).abs() < 1e-9, "{margins:?} at {bound}: {at_bound}");
                let beside = expected(&evidence, margins, null_side);
                assert!(beside < 1.0 + 1e-9, "{margins:?} at {null_side}: {beside}");
            }
        }
    }

    #[test]
    fn starts_at_one_and_is_not_moved_by_a_table_without_hits() {
        let mut evidence = Evidence::of_more_errors(1.1);
        evidence.observe(&Table { canary_total: 500, control_total: 500, ..Table::default() });
        assert!(evidence.log_e_value().abs() < 1e-12);
    }

    #[test]
    fn rises_for_a_worse_canary_and_falls_for_a_better_one() {
        let worse = Table { canary_total: 100, canary_hits: 9, control_total: 100, control_hits: 1 };
        let better = Table { canary_total: 100, canary_hits: 1, control_total: 100, control_hits: 9 };
        let mut harm = Evidence::of_more_errors(1.1);
        let mut health = Evidence::of_less_than(2.0);
        harm.observe(&worse);
        health.observe(&better);
        assert!(harm.log_e_value() > 1.0 && health.log_e_value() > 1.0);
        harm.observe(&better);
        assert!(harm.log_e_value() < 1.0);
    }

    #[test]
    fn averages_e_values_of_any_size() {
        assert!(
            (log_mean([(0.5, 2.0_f64.ln()), (0.5, 4.0_f64.ln())].into_iter()) - 3.0_f64.ln()).abs() < 1e-12
        );
        assert!(
            (log_mean([(0.5, 5000.0), (0.5, -5000.0)].into_iter()) - (5000.0 - 2.0_f64.ln())).abs() < 1e-9
        );
    }
}
