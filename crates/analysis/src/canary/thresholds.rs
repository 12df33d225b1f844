//! Where a distribution is cut into hits and misses: points that control alone and the past alone have set.
//!
//! The first blocks that hold enough of control's values set the cuts and are then *not* compared: a cut picked because
//! control happened to have few values above it would make canary look worse in the very values it was picked by. Once
//! set, cuts never move.

use super::measure::Cell;

/// So many of control's values set the cuts: the fewest that place a 99th percentile.
const REFERENCE_MIN: u64 = 100;

/// Values of one line.
#[derive(Debug, Clone, Copy)]
pub(super) enum Values<'a> {
    Raw(&'a [f64]),
    /// Counts per bucket, one more than bounds.
    Counted {
        bounds: &'a [f64],
        counts: &'a [u64],
    },
}

/// By how much a cut is moved for canary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Slack {
    None,
    /// Greater values are bad, and so much more is excused.
    Above(f64),
    /// Lower values are bad, and so much less is excused.
    Below(f64),
}

/// A point; what lies above it is a hit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cut {
    pub(super) at: f64,
    /// Whether nothing of the reference lay above it.
    pub(super) is_beyond: bool,
}

/// Control's values until there are enough.
#[derive(Debug, Clone, Default)]
pub(super) struct Reference {
    raw: Vec<f64>,
    bounds: Vec<f64>,
    counts: Vec<u64>,
}

impl Values<'_> {
    /// With so much more, or less, excused: what lies above the cut and `slack` is a hit. Of buckets, one that the moved
    /// cut divides speaks for the side that the slack favours.
    pub(super) fn cell_above(&self, at: f64, slack: Slack) -> Cell {
        let at = match slack {
            Slack::None => at,
            Slack::Above(by) => at + by,
            Slack::Below(by) => at - by,
        };
        match self {
            Self::Raw(values) => {
                Cell { total: values.len() as u64, hits: values.iter().filter(|&&it| it > at).count() as u64 }
            }
            Self::Counted { bounds, counts } => {
                let first_above = match slack {
                    Slack::None | Slack::Below(_) => bounds.partition_point(|&bound| bound <= at),
                    Slack::Above(_) => bounds.partition_point(|&bound| bound < at) + 1,
                };
                Cell { total: counts.iter().sum(), hits: counts.iter().skip(first_above).sum() }
            }
        }
    }
}

impl Reference {
    pub(super) fn add(&mut self, values: Values) {
        match values {
            Values::Raw(values) => self.raw.extend(values),
            Values::Counted { bounds, counts } => {
                self.bounds = bounds.to_vec();
                self.counts.resize(counts.len(), 0);
                for (sum, count) in self.counts.iter_mut().zip(counts) {
                    *sum = sum.saturating_add(*count);
                }
            }
        }
    }

    /// The cuts at these quantiles, rising and different, once there are enough values.
    pub(super) fn cuts(&mut self, quantiles: &[f64]) -> Option<Vec<Cut>> {
        if !self.counts.is_empty() {
            let total: u64 = self.counts.iter().sum();
            return (total >= REFERENCE_MIN).then(|| edges(&self.bounds, &self.counts, total, quantiles));
        }
        if (self.raw.len() as u64) < REFERENCE_MIN {
            return None;
        }
        self.raw.sort_unstable_by(f64::total_cmp);
        Some(points(&self.raw, quantiles))
    }
}

/// Order statistics. If many values are the least one, as zero is for revenue, it is a cut itself and the quantiles are
/// those of the rest.
fn points(sorted: &[f64], quantiles: &[f64]) -> Vec<Cut> {
    let least = sorted[0];
    let n_least = sorted.partition_point(|&it| it <= least);
    let is_inflated = 4 * n_least >= sorted.len() && n_least < sorted.len();
    let spread = if is_inflated { &sorted[n_least..] } else { sorted };
    let at =
        |quantile: f64| spread[((spread.len() as f64 * quantile).ceil() as usize).clamp(1, spread.len()) - 1];
    let mut found: Vec<f64> =
        is_inflated.then_some(least).into_iter().chain(quantiles.iter().map(|&it| at(it))).collect();
    found.dedup();
    // A value that all share cuts nothing off, and the greatest one may never be exceeded again.
    let greatest = sorted[sorted.len() - 1];
    found.into_iter().map(|at| Cut { at, is_beyond: at >= greatest }).collect()
}

/// Of the bucket edges with values on both sides those nearest to the quantiles, and the first that had nothing above.
fn edges(bounds: &[f64], counts: &[u64], total: u64, quantiles: &[f64]) -> Vec<Cut> {
    let up_to: Vec<u64> = counts[..bounds.len()]
        .iter()
        .scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        })
        .collect();
    let nearest = |quantile: f64| {
        let distance = |idx: &usize| (up_to[*idx] as f64 / total as f64 - quantile).abs();
        let within = (0..up_to.len()).filter(|&idx| 0 < up_to[idx] && up_to[idx] < total);
        within.min_by(|one, other| distance(one).total_cmp(&distance(other)))
    };
    let mut within: Vec<usize> = quantiles.iter().filter_map(|&it| nearest(it)).collect();
    within.dedup();
    let beyond = up_to.iter().position(|&count| count == total);
    let within = within.into_iter().map(|idx| Cut { at: bounds[idx], is_beyond: false });
    within.chain(beyond.map(|idx| Cut { at: bounds[idx], is_beyond: true })).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: Values, quantiles: &[f64], expect: &[(f64, bool)]) {
        let mut reference = Reference::default();
        reference.add(values);
        let found: Vec<_> =
            reference.cuts(quantiles).unwrap().iter().map(|it| (it.at, it.is_beyond)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn of_values_are_order_statistics() {
        let values: Vec<f64> = (1..=1000).rev().map(f64::from).collect();
        let quantiles = [0.5, 0.9, 0.99, 0.999];
        let expect = [(500.0, false), (900.0, false), (990.0, false), (999.0, false)];
        check(Values::Raw(&values), &quantiles, &expect);
        check(Values::Raw(&[7.0; 100]), &quantiles, &[(7.0, true)]);
    }

    #[test]
    fn of_mostly_zeros_split_having_any_from_how_much() {
        let mut values = vec![0.0; 900];
        values.extend((1..=100).map(f64::from));
        let expect = [(0.0, false), (25.0, false), (50.0, false), (75.0, false)];
        check(Values::Raw(&values), &[0.25, 0.5, 0.75], &expect);
    }

    #[test]
    fn of_histograms_are_edges() {
        let bounds = [5.0, 10.0, 25.0, 50.0, 100.0];
        let values = Values::Counted { bounds: &bounds, counts: &[20, 35, 30, 13, 2, 0] };
        let expect = [(10.0, false), (25.0, false), (50.0, false), (100.0, true)];
        check(values, &[0.5, 0.9, 0.99], &expect);
        let cell = values.cell_above(25.0, Slack::None);
        assert_eq!((cell.total, cell.hits), (100, 15));
    }

    #[test]
    fn wait_for_enough_values() {
        let mut reference = Reference::default();
        reference.add(Values::Raw(&[1.0; 99]));
        assert_eq!(reference.cuts(&[0.5]), None);
    }

    #[test]
    fn slack_speaks_for_whom_it_favours() {
        let bounds = [10.0, 20.0, 30.0];
        let counts = [1, 2, 4, 8];
        let values = Values::Counted { bounds: &bounds, counts: &counts };
        let hits = |slack| values.cell_above(20.0, slack).hits;
        assert_eq!(hits(Slack::None), 12);
        assert_eq!(hits(Slack::Above(10.0)), 8);
        assert_eq!(hits(Slack::Above(5.0)), 8, "the divided bucket is no hit");
        assert_eq!(hits(Slack::Above(50.0)), 0);
        assert_eq!(hits(Slack::Below(5.0)), 14, "the divided bucket is one");
        let raw = Values::Raw(&[19.0, 21.0, 26.0]);
        assert_eq!(
            [Slack::None, Slack::Above(5.0), Slack::Below(2.0)].map(|it| raw.cell_above(20.0, it).hits),
            [2, 1, 3]
        );
    }
}
