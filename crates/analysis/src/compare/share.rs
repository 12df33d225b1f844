//! Shares and counts of two samples.

use serde::{Deserialize, Serialize};

use super::exact::Law;
use crate::kernel::Table;

/// Units, and how many of them were hit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    pub total: u64,
    /// At most `total`; more is taken for `total`.
    pub hits: u64,
}

/// Events, and what they are relative to: requests, lines, seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub exposure: u64,
    pub events: u64,
}

/// How the new sample compares with the old one.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Comparison {
    /// Ratio of odds, for counts of rates: new to old. None where the old sample has no hits, or there is nothing at all.
    pub estimate: Option<f64>,
    /// Exact interval at `level`; without an upper end where the old sample has no hits.
    pub low: f64,
    pub high: Option<f64>,
    /// Chance of so many hits in the new sample, or more, if the ratio is the margin.
    pub p_more: f64,
    /// Chance of so few, or fewer, if the ratio is one over the margin.
    pub p_fewer: f64,
}

/// Compares shares: is the odds ratio above `margin`, or below its inverse? `level` is that of the interval, such as
/// 0.95. One comparison each way; for both at once double the smaller p-value.
pub fn shares(old: Share, new: Share, margin: f64, level: f64) -> Comparison {
    let table = Table {
        canary_total: new.total,
        canary_hits: new.hits.min(new.total),
        control_total: old.total,
        control_hits: old.hits.min(old.total),
    };
    compare(Law::Odds, &table, table.is_certain(), margin, level)
}

/// Compares rates of events in the same way.
pub fn counts(old: Count, new: Count, margin: f64, level: f64) -> Comparison {
    let table = Table {
        canary_total: new.exposure,
        canary_hits: new.events,
        control_total: old.exposure,
        control_hits: old.events,
    };
    let says_nothing = new.exposure == 0 || old.exposure == 0 || table.hits() == 0;
    compare(Law::Rates, &table, says_nothing, margin, level)
}

fn compare(law: Law, table: &Table, says_nothing: bool, margin: f64, level: f64) -> Comparison {
    if says_nothing {
        return Comparison { estimate: None, low: 0.0, high: None, p_more: 1.0, p_fewer: 1.0 };
    }
    let side = (1.0 - level) / 2.0;
    let (least, greatest) = match law {
        Law::Odds => (table.hits_min(), table.hits_max()),
        Law::Rates => (0, table.hits()),
    };
    let low = if table.canary_hits == least {
        0.0
    } else {
        Law::invert(|ratio| law.at_least(table, ratio), side, true)
    };
    let high =
        (table.canary_hits < greatest).then(|| Law::invert(|ratio| law.at_most(table, ratio), side, false));
    let (x, y) = (table.canary_hits as f64, table.control_hits as f64);
    let (a, b) = (table.canary_total as f64, table.control_total as f64);
    let estimate = match law {
        Law::Odds => x * (b - y) / (y * (a - x)),
        Law::Rates => x * b / (y * a),
    };
    Comparison {
        estimate: Some(estimate).filter(|it| it.is_finite()),
        low,
        high,
        p_more: law.at_least(table, margin),
        p_fewer: law.at_most(table, 1.0 / margin),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tea_is_tasted_as_by_fisher() {
        // Fisher, "The Design of Experiments" (1935): three of four cups right, p = 17/70.
        let found = shares(Share { total: 4, hits: 1 }, Share { total: 4, hits: 3 }, 1.0, 0.95);
        assert!((found.p_more - 17.0 / 70.0).abs() < 1e-12, "{found:?}");
        // At the upper end four right have a chance of 97.5 %; by symmetry one right at the inverse of the lower end of
        // the mirrored table. The weights of the five tables are 1, 16, 36, 16 and 1 times powers of the odds.
        let chance_of = |right: usize, odds: f64| {
            let weights = [1.0, 16.0, 36.0, 16.0, 1.0];
            let terms: Vec<f64> = (0..5).map(|it| weights[it] * odds.powi(it as i32)).collect();
            terms[right] / terms.iter().sum::<f64>()
        };
        assert!((chance_of(4, found.high.unwrap()) - 0.975).abs() < 1e-9, "{found:?}");
        assert!((chance_of(3, found.low) + chance_of(4, found.low) - 0.025).abs() < 1e-9, "{found:?}");
        assert!((found.estimate.unwrap() - 9.0).abs() < 1e-12);
    }

    #[test]
    fn counts_are_binomial_given_their_sum() {
        let found = counts(Count { exposure: 100, events: 1 }, Count { exposure: 100, events: 9 }, 1.0, 0.95);
        // Of ten tosses nine or more: 11/1024.
        assert!((found.p_more - 11.0 / 1024.0).abs() < 1e-12, "{found:?}");
        assert!((found.p_fewer - 1023.0 / 1024.0).abs() < 1e-12, "{found:?}");
        // Clopper and Pearson: p from 0.55498 to 0.99747.
        assert!((found.low - 0.554_984 / 0.445_016).abs() < 1e-3, "{found:?}");
        assert!((found.high.unwrap() - 0.997_471 / 0.002_529).abs() < 0.5, "{found:?}");
    }

    #[test]
    fn a_margin_forgives_what_is_within_it() {
        let (old, new) = (Share { total: 10_000, hits: 100 }, Share { total: 10_000, hits: 140 });
        assert!(shares(old, new, 1.0, 0.95).p_more < 0.01);
        assert!(shares(old, new, 1.3, 0.95).p_more > 0.1);
    }

    #[test]
    fn nothing_says_nothing() {
        for (old, new) in [((0, 0), (9, 3)), ((9, 0), (9, 0)), ((9, 9), (9, 9))] {
            let share = |(total, hits)| Share { total, hits };
            let found = shares(share(old), share(new), 1.0, 0.95);
            assert_eq!((found.estimate, found.p_more, found.p_fewer), (None, 1.0, 1.0));
        }
        let never = shares(Share { total: 50, hits: 0 }, Share { total: 50, hits: 9 }, 1.0, 0.95);
        assert_eq!((never.estimate, never.high), (None, None));
        assert!(never.low > 1.0 && never.p_more < 0.01, "{never:?}");
    }
}
