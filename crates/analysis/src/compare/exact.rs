//! Tails of the two conditional distributions, and the ratio at which a tail has a given chance.

use crate::kernel::Table;

/// Which law canary's hits follow given everything that is fixed.
#[derive(Debug, Clone, Copy)]
pub(super) enum Law {
    /// Fisher's noncentral hypergeometric, in the odds ratio.
    Odds,
    /// Binomial of the sum, in the ratio of rates; totals are exposures.
    Rates,
}

impl Law {
    /// Chance that canary has at least as many hits as it had.
    pub(super) fn at_least(self, table: &Table, ratio: f64) -> f64 {
        self.tail(table, ratio, table.canary_hits, true)
    }

    /// Chance that canary has at most as many hits as it had.
    pub(super) fn at_most(self, table: &Table, ratio: f64) -> f64 {
        self.tail(table, ratio, table.canary_hits, false)
    }

    fn support(self, table: &Table) -> (u64, u64) {
        match self {
            Self::Odds => (table.hits_min(), table.hits_max()),
            Self::Rates => (0, table.hits()),
        }
    }

    /// The term after `hits` divided by the term at it.
    fn growth(self, table: &Table, hits: u64, ratio: f64) -> f64 {
        match self {
            Self::Odds => table.growth(hits, ratio),
            Self::Rates => {
                let exposed = table.canary_total as f64 / table.control_total as f64;
                ratio * exposed * (table.hits() - hits) as f64 / (hits + 1) as f64
            }
        }
    }

    fn mode(self, table: &Table, ratio: f64) -> u64 {
        match self {
            Self::Odds => table.mode(ratio),
            Self::Rates => {
                let (a, b) = (table.canary_total as f64 * ratio, table.control_total as f64);
                ((table.hits() as f64 + 1.0) * a / (a + b)) as u64
            }
        }
    }

    /// Sums outward from the mode, in units of its term, until terms no longer count.
    fn tail(self, table: &Table, ratio: f64, from: u64, is_upper: bool) -> f64 {
        let (least, greatest) = self.support(table);
        let is_inside = |hits: u64| if is_upper { hits >= from } else { hits <= from };
        let mode = self.mode(table, ratio).clamp(least, greatest);
        let (mut all, mut inside) = (0.0, 0.0);
        let mut add = |hits: u64, term: f64| {
            all += term;
            if is_inside(hits) {
                inside += term;
            }
            term > all * TERM_SHARE_MIN
        };
        add(mode, 1.0);
        let mut term = 1.0;
        for hits in mode..greatest {
            term *= self.growth(table, hits, ratio);
            if !add(hits + 1, term) {
                break;
            }
        }
        term = 1.0;
        for hits in (least..mode).rev() {
            term /= self.growth(table, hits, ratio);
            if !add(hits, term) {
                break;
            }
        }
        // Beyond the terms that were summed there is next to nothing, but not nothing: never claim a chance of zero.
        f64::max(inside / all, TERM_SHARE_MIN)
    }

    /// The ratio at which `tail` has the chance `level`; `tail` must rise with the ratio, or fall with it.
    pub(super) fn invert(tail: impl Fn(f64) -> f64, level: f64, is_rising: bool) -> f64 {
        let (mut low, mut high) = (-LOG_RATIO_MAX, LOG_RATIO_MAX);
        for _ in 0..60 {
            let middle = (low + high) / 2.0;
            if (tail(middle.exp()) < level) == is_rising { low = middle } else { high = middle }
        }
        ((low + high) / 2.0).exp()
    }
}

/// Terms under this share of the sum no longer change it.
const TERM_SHARE_MIN: f64 = 1e-17;

/// Ratios are sought between exp(−30) and exp(30).
const LOG_RATIO_MAX: f64 = 30.0;
