//! Trials added up.

use serde::Serialize;

use super::trial::{Moment, Outcome};

/// What one judge did in one scenario.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    pub runs: u64,
    pub taken_back: Interval,
    pub no_verdict: Interval,
    /// Shown to be healthy before anything else was decided.
    pub promoted: Interval,
    /// Medians over the runs that were taken back (or, failing those, had no verdict).
    pub minutes_to_decision: Option<f64>,
    pub requests_to_decision: Option<f64>,
    pub harmed: Option<f64>,
    /// Median over those promoted.
    pub minutes_to_promotion: Option<f64>,
}

/// A share with its 95 % confidence interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Interval {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

impl Report {
    pub fn of(outcomes: &[Outcome]) -> Self {
        let runs = outcomes.len() as u64;
        let of = |pick: fn(&Outcome) -> Option<Moment>| outcomes.iter().filter_map(pick).collect::<Vec<_>>();
        let (taken_back, no_verdict) = (of(|it| it.taken_back), of(|it| it.no_verdict));
        let promoted = of(|it| it.promoted);
        let decided = if taken_back.is_empty() { &no_verdict } else { &taken_back };
        Self {
            runs,
            taken_back: wilson(taken_back.len() as u64, runs),
            no_verdict: wilson(no_verdict.len() as u64, runs),
            promoted: wilson(promoted.len() as u64, runs),
            minutes_to_decision: median(decided.iter().map(|it| it.at_s / 60.0)),
            requests_to_decision: median(decided.iter().map(|it| it.canary_requests as f64)),
            harmed: median(decided.iter().map(|it| it.harmed)),
            minutes_to_promotion: median(promoted.iter().map(|it| it.at_s / 60.0)),
        }
    }
}

/// The score interval of a share (Wilson, "Probable inference, the law of succession, and statistical inference", JASA
/// 22, 1927) at 95 %.
pub fn wilson(hits: u64, n: u64) -> Interval {
    if n == 0 {
        return Interval { estimate: 0.0, low: 0.0, high: 1.0 };
    }
    let (z, n_float) = (1.959_964, n as f64);
    let share = hits as f64 / n_float;
    let spread = z * (share * (1.0 - share) / n_float + z * z / (4.0 * n_float * n_float)).sqrt();
    let (centre, scale) = (share + z * z / (2.0 * n_float), 1.0 + z * z / n_float);
    let (low, high) = ((centre - spread) / scale, (centre + spread) / scale);
    Interval { estimate: share, low: low.max(0.0), high: high.min(1.0) }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_unstable_by(f64::total_cmp);
    let n = values.len();
    match n {
        0 => None,
        _ if n % 2 == 1 => Some(values[n / 2]),
        _ => Some((values[n / 2 - 1] + values[n / 2]) / 2.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_has_wilsons_interval() {
        // Newcombe (1998), table I: 15 of 148.
        let found = wilson(15, 148);
        assert!((found.low - 0.0624).abs() < 1e-4 && (found.high - 0.1605).abs() < 1e-4, "{found:?}");
        assert_eq!(wilson(0, 10).low, 0.0);
    }

    #[test]
    fn medians_split_the_values() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), Some(2.0));
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), Some(2.5));
        assert_eq!(median([].into_iter()), None);
    }
}
