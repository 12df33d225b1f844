//! Likelihoods of one table under many odds ratios at once.
//!
//! All of them weigh the same coefficients `C(a,u)·C(b,m−u)`, so the coefficients are made once, and the normalisers of
//! all odds are the values of one polynomial, found by Horner's rule side by side.

use crate::kernel::Table;

/// Odds ratios (or ratios of rates) with their logarithms.
#[derive(Debug, Clone)]
pub(crate) struct Grid {
    odds: Vec<f64>,
    log_odds: Vec<f64>,
    least: f64,
    greatest: f64,
    /// Geometric mean of the extremes: the coefficients are scaled by its powers, so that none overflows.
    middle: f64,
    /// The odds in units of it.
    scaled: Vec<f64>,
    /// Logarithm of how far the extremes are from it.
    log_spread: f64,
}

/// Lanes that are carried through Horner's rule together; as many as stay in registers.
const LANES: usize = 8;

/// So many terms need no memory of their own: most blocks of errors, and many of slow requests.
const FEW: usize = 96;

/// The natural logarithm of the greatest number that a normaliser may reach before doubles overflow.
const LOG_MAX: f64 = 650.0;

impl Grid {
    pub(crate) fn new(mut odds: Vec<f64>) -> Self {
        // Whole lanes: the padding is computed and thrown away.
        let n_points = odds.len();
        odds.resize(n_points.next_multiple_of(LANES), odds[n_points - 1]);
        let least = odds.iter().copied().fold(f64::INFINITY, f64::min);
        let greatest = odds.iter().copied().fold(0.0, f64::max);
        let log_odds = odds.iter().map(|it| it.ln()).collect();
        let middle = (least * greatest).sqrt();
        let scaled = odds.iter().map(|it| it / middle).collect();
        Self { odds, log_odds, least, greatest, middle, scaled, log_spread: (greatest / middle).ln() }
    }

    /// Fills `into` with the natural logarithm of the chance of `table` given its margins under each of the odds, up
    /// to one constant that is the same for all of them.
    pub(crate) fn log_likelihoods(&self, table: &Table, into: &mut Vec<f64>) {
        into.clear();
        let (first, last) = self.range(table);
        if (last - first) as f64 * self.log_spread > LOG_MAX {
            into.extend(self.odds.iter().map(|&odds| table.log_probability(odds)));
            return;
        }
        let n_terms = (last - first + 1) as usize;
        let (mut few, mut many) = ([0.0; FEW], Vec::new());
        let coefficients = if n_terms <= FEW {
            &mut few[..n_terms]
        } else {
            many.resize(n_terms, 0.0);
            many.as_mut_slice()
        };
        self.fill(table, first, coefficients);
        let above_first = table.canary_hits as f64 - first as f64;
        for (scaled, log_odds) in self.scaled.chunks_exact(LANES).zip(self.log_odds.chunks_exact(LANES)) {
            let mut sums = [0.0; LANES];
            for coefficient in coefficients.iter().rev() {
                for (sum, scaled) in sums.iter_mut().zip(scaled) {
                    *sum = *sum * scaled + coefficient;
                }
            }
            into.extend(sums.iter().zip(log_odds).map(|(sum, log_odds)| above_first * log_odds - sum.ln()));
        }
    }

    /// Canary's counts of hits outside of which no term reaches 1e-17 of the sum, whichever of the odds holds.
    ///
    /// The count is a sum of independent indicators (its generating polynomial has real roots only: Vatutin &
    /// Mikhailov 1982), so Bernstein's inequality bounds both tails: at nine standard deviations and twenty more they
    /// are under exp(−39).
    fn range(&self, table: &Table) -> (u64, u64) {
        let reach = |odds: f64| {
            let mode = table.mode(odds);
            let cell = |count: u64| 1.0 / (count as f64 + 1.0);
            let variance = 1.0
                / (cell(mode)
                    + cell(table.canary_total - mode)
                    + cell(table.hits() - mode)
                    + cell((table.control_total + mode).saturating_sub(table.hits())));
            (mode, (9.0 * variance.sqrt() + 20.0) as u64)
        };
        let (low, below) = reach(self.least);
        let (high, above) = reach(self.greatest);
        let first = low.saturating_sub(below).max(table.hits_min());
        let last = (high + above).min(table.hits_max());
        // What was seen may lie further out; Horner's rule then starts there.
        (first.min(table.canary_hits), last.max(table.canary_hits))
    }

    /// `C(a,u)·C(b,m−u)·middleᵘ` from `first` on, in units of the greatest.
    fn fill(&self, table: &Table, first: u64, coefficients: &mut [f64]) {
        let last = first + coefficients.len() as u64 - 1;
        let mode = table.mode(self.middle).clamp(first, last);
        let mut term = 1.0;
        coefficients[(mode - first) as usize] = term;
        for hits in mode..last {
            term *= table.growth(hits, self.middle);
            coefficients[(hits + 1 - first) as usize] = term;
        }
        term = 1.0;
        for hits in (first..mode).rev() {
            term /= table.growth(hits, self.middle);
            coefficients[(hits - first) as usize] = term;
        }
    }

    /// The same for events without a denominator, the totals being exposures. Given the events of both arms, those of
    /// canary are binomial with `p = ρr/(ρr + 1 − ρ)`, ρ being its share of the exposure, whatever the rate common to
    /// both does (Lindon & Malek, "Anytime-valid inference for multinomial count data", 2022).
    pub(crate) fn log_count_likelihoods(&self, table: &Table, into: &mut Vec<f64>) {
        into.clear();
        let total = table.canary_total as f64 + table.control_total as f64;
        let share = table.canary_total as f64 / total;
        let (canary, control) = (table.canary_hits as f64, table.control_hits as f64);
        into.extend(self.odds.iter().zip(&self.log_odds).map(|(odds, log_odds)| {
            canary * log_odds - (canary + control) * (share * odds + 1.0 - share).ln()
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ODDS: [f64; 9] = [0.5, 1.0, 1.1, 1.5, 2.0, 6.0, 11.0, 30.0, 66.0];

    fn check(table: Table) {
        let grid = Grid::new(ODDS.to_vec());
        let mut found = Vec::new();
        grid.log_likelihoods(&table, &mut found);
        for (idx, odds) in ODDS.iter().enumerate() {
            let expected = table.log_probability(*odds) - table.log_probability(1.0);
            let difference = found[idx] - found[1] - expected;
            // Of millions, the logarithms of factorials lose more digits than this module does.
            let tolerance = 1e-8 * (1.0 + expected.abs());
            assert!(
                difference.abs() < tolerance,
                "{table:?} at {odds}: {} for {expected}",
                found[idx] - found[1]
            );
        }
    }

    #[test]
    fn agree_with_one_table_at_a_time() {
        for (a, x, b, y) in [
            (500, 1, 500, 0),
            (500, 0, 500, 3),
            (500, 260, 490, 240),
            (3, 3, 900, 11),
            (100, 0, 500, 250),
            (5000, 5000, 5000, 0),
            (40_000, 900, 36_000, 400),
            (2_000_000, 40, 1_900_000, 10),
        ] {
            check(Table { canary_total: a, canary_hits: x, control_total: b, control_hits: y });
        }
    }

    #[test]
    fn of_counts_are_binomial_given_the_sum() {
        let grid = Grid::new(vec![1.0, 2.0]);
        let mut found = Vec::new();
        let table = Table { canary_total: 30, canary_hits: 3, control_total: 70, control_hits: 1 };
        grid.log_count_likelihoods(&table, &mut found);
        let p: f64 = 0.6 / 1.3;
        let expected = 3.0 * (p / 0.3).ln() + ((1.0 - p) / 0.7).ln();
        assert!((found[1] - found[0] - expected).abs() < 1e-12);
    }
}
