//! The exact likelihood ratio of one 2×2 table given its margins.
//!
//! Of `a` canary and `b` control requests, `x` and `y` were hits (failures, or slow ones). Given the margins, that is
//! given `a`, `b` and `m = x + y`, the count `x` follows Fisher's noncentral hypergeometric distribution, whose only
//! parameter is the odds ratio `r`: `P(x) = C(a,x)·C(b,m−x)·rˣ / Z(r)`. The share of hits common to both arms has
//! dropped out, whatever it was.

/// Requests and hits of both arms in one block. Hits never exceed their total.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub(crate) canary_total: u64,
    pub(crate) canary_hits: u64,
    pub(crate) control_total: u64,
    pub(crate) control_hits: u64,
}

impl Table {
    /// Natural logarithm of the chance of this table given its margins.
    pub(crate) fn log_probability(&self, odds: f64) -> f64 {
        if self.is_certain() {
            return 0.0;
        }
        self.log_term(self.canary_hits, odds) - self.log_normaliser(odds)
    }

    /// Whether the margins leave only one possible table, as when nothing was hit or one arm is empty.
    pub(crate) fn is_certain(&self) -> bool {
        self.hits_min() == self.hits_max()
    }

    pub(crate) fn hits(&self) -> u64 {
        self.canary_hits + self.control_hits
    }

    pub(crate) fn hits_min(&self) -> u64 {
        self.hits().saturating_sub(self.control_total)
    }

    pub(crate) fn hits_max(&self) -> u64 {
        self.hits().min(self.canary_total)
    }

    fn log_term(&self, canary_hits: u64, odds: f64) -> f64 {
        log_choose(self.canary_total, canary_hits)
            + log_choose(self.control_total, self.hits() - canary_hits)
            + canary_hits as f64 * odds.ln()
    }

    /// `ln Z(odds)`, summed outward from the mode in units of the largest term, so that nothing overflows and nothing
    /// that counts is left out. Terms rise to the mode and fall after it: a start beside it costs steps only.
    fn log_normaliser(&self, odds: f64) -> f64 {
        let mode = self.mode(odds);
        let mut sum = 1.0;
        let mut term = 1.0;
        for canary_hits in mode..self.hits_max() {
            term *= self.growth(canary_hits, odds);
            sum += term;
            if term < sum * TERM_SHARE_MIN {
                break;
            }
        }
        term = 1.0;
        for canary_hits in (self.hits_min()..mode).rev() {
            term /= self.growth(canary_hits, odds);
            sum += term;
            if term < sum * TERM_SHARE_MIN {
                break;
            }
        }
        self.log_term(mode, odds) + f64::ln(sum)
    }

    /// The term after `canary_hits` divided by the term at it. Between the least and the greatest count of hits, no
    /// factor is zero.
    pub(crate) fn growth(&self, canary_hits: u64, odds: f64) -> f64 {
        let rest = self.hits() - canary_hits;
        let up = (self.canary_total - canary_hits) as f64 * rest as f64;
        let down = (canary_hits + 1) as f64 * (self.control_total - rest + 1) as f64;
        odds * up / down
    }

    /// The largest term: Liao & Rosen, "Fast and stable algorithms for computing and sampling from the noncentral
    /// hypergeometric distribution", The American Statistician 55 (2001), in the form free of cancellation.
    pub(crate) fn mode(&self, odds: f64) -> u64 {
        let (a, b, m) = (self.canary_total as f64, self.control_total as f64, self.hits() as f64);
        let square = odds - 1.0;
        let linear = m - b - (a + m + 2.0) * odds;
        let constant = odds * (m + 1.0) * (a + 1.0);
        let root = (linear * linear - 4.0 * square * constant).max(0.0).sqrt();
        let mode = 2.0 * constant / (root - linear);
        // A cast saturates and turns NaN into zero; the clamp then keeps any rounding inside of the support.
        (mode as u64).clamp(self.hits_min(), self.hits_max())
    }
}

/// Terms under this share of the sum no longer change it in double precision.
const TERM_SHARE_MIN: f64 = 1e-17;

fn log_choose(n: u64, k: u64) -> f64 {
    log_factorial(n) - log_factorial(k) - log_factorial(n - k)
}

/// `ln n!`: exact products while they fit into 64 bits, then Stirling's series, whose first term left out is under
/// 1e-15 from there on (NIST Handbook of Mathematical Functions, 5.11.1).
pub(crate) fn log_factorial(n: u64) -> f64 {
    if n <= 20 {
        return ((2..=n).product::<u64>() as f64).ln();
    }
    let n = n as f64;
    let square = n * n;
    let series =
        (1.0 / 12.0 - (1.0 / 360.0 - (1.0 / 1260.0 - 1.0 / (1680.0 * square)) / square) / square) / n;
    (n + 0.5) * n.ln() - n + 0.5 * std::f64::consts::TAU.ln() + series
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every table with the margins of `a`, `b` and `m`.
    fn tables(a: u64, b: u64, m: u64) -> impl Iterator<Item = Table> {
        (m.saturating_sub(b)..=m.min(a)).map(move |x| Table {
            canary_total: a,
            canary_hits: x,
            control_total: b,
            control_hits: m - x,
        })
    }

    #[test]
    fn chances_given_the_margins_add_up_to_one() {
        for (a, b, m) in [(3, 5, 4), (1, 40, 7), (30, 2, 12), (12, 12, 24), (50, 950, 21)] {
            for odds in [0.25, 0.95, 1.0, 1.1, 6.0, 60.0] {
                let sum: f64 = tables(a, b, m).map(|table| table.log_probability(odds).exp()).sum();
                assert!((sum - 1.0).abs() < 1e-12, "a {a}, b {b}, m {m}, odds {odds}: {sum}");
            }
        }
    }

    #[test]
    fn agrees_with_the_hypergeometric_chance_worked_by_hand() {
        // C(5,2)·C(7,1) / C(12,3) = 70/220.
        let table = Table { canary_total: 5, canary_hits: 2, control_total: 7, control_hits: 1 };
        assert!((table.log_probability(1.0).exp() - 70.0 / 220.0).abs() < 1e-14);
        // Odds 3 weigh the four tables 35·1, 105·3, 70·9 and 10·27.
        assert!((table.log_probability(3.0).exp() - 630.0 / 1250.0).abs() < 1e-14);
    }

    #[test]
    fn factorials_join_where_the_series_begins() {
        let mut expected = 0.0;
        for n in 1..=400_u64 {
            expected += (n as f64).ln();
            assert!((log_factorial(n) - expected).abs() < 1e-11, "{n}: {} or {expected}", log_factorial(n));
        }
    }

    #[test]
    fn great_counts_stay_finite_and_sum_to_the_gaussian_near_the_mode() {
        let table = Table {
            canary_total: 100_000_000,
            canary_hits: 50_000_000,
            control_total: 100_000_000,
            control_hits: 50_000_000,
        };
        // Variance of the hypergeometric: m·¼·(1 − m/N)·N/(N−1) = 1.25e7.
        let expected = -0.5 * (std::f64::consts::TAU * 1.25e7).ln();
        assert!((table.log_probability(1.0) - expected).abs() < 1e-5);
    }
}
