//! Latency as shares of requests slower than a few thresholds, which control alone and the past alone have set.
//!
//! The thresholds are the histogram edges nearest to control's quantiles in the first blocks that hold enough of its
//! requests. Those blocks are then *not* used to compare: an edge picked because control happened to have few
//! requests above it would make the canary look slower in the very requests it was picked by. Once set, the
//! thresholds never move, and every later block is judged by an edge that it had no say in.

use shipway_model::analysis::{Block, Histogram};

use crate::evidence::Evidence;
use crate::kernel::Table;
use crate::metric::Metric;
use crate::rule::Rule;

/// So many control requests set the thresholds: the fewest that place a 99th percentile.
pub(crate) const CONTROL_REQUESTS_MIN: u64 = 100;

/// The middle, the slow end and the tail.
const QUANTILES: [f64; 3] = [0.5, 0.9, 0.99];

/// The latency side of an analysis.
#[derive(Debug, Clone)]
pub(crate) enum Latency {
    /// No block has carried a histogram.
    Unreported,
    /// Gathering control's distribution; what canary did meanwhile is not compared.
    Gathering { bounds_ms: Vec<f64>, counts: Vec<u64> },
    /// Comparing, at most four thresholds, in rising order.
    Comparing { bounds_ms: Vec<f64>, thresholds: Vec<Threshold> },
}

/// One edge, and the share of requests slower than it.
#[derive(Debug, Clone)]
pub(crate) struct Threshold {
    edge_idx: usize,
    pub(crate) place: Place,
    pub(crate) metric: Metric,
}

/// Where an edge lies in the distribution that set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Control had requests on both sides: canary can be shown to be slower, and not to be.
    Within,
    /// The lowest edge that nothing of control's was above. It finds a tail that only canary has, but as it may
    /// never see a hit it is not asked for evidence of health.
    Beyond,
}

impl Latency {
    pub(crate) fn bounds_ms(&self) -> Option<&[f64]> {
        match self {
            Self::Unreported => None,
            Self::Gathering { bounds_ms, .. } | Self::Comparing { bounds_ms, .. } => Some(bounds_ms),
        }
    }

    pub(crate) fn thresholds(&self) -> &[Threshold] {
        match self {
            Self::Comparing { thresholds, .. } => thresholds,
            Self::Unreported | Self::Gathering { .. } => &[],
        }
    }

    /// Takes in a block that was checked against these bounds.
    pub(crate) fn observe(&mut self, rule: &Rule, block: &Block) {
        let (control, canary) = (&block.control.latency, &block.canary.latency);
        if let Self::Unreported = self {
            let Some(first) = [control, canary].into_iter().find(|it| !it.is_empty()) else { return };
            *self = Self::Gathering {
                bounds_ms: first.bounds_ms.clone(),
                counts: vec![0; first.bounds_ms.len() + 1],
            };
        }
        match self {
            Self::Unreported => {}
            Self::Gathering { bounds_ms, counts } => {
                for (sum, count) in counts.iter_mut().zip(&control.counts) {
                    *sum = sum.saturating_add(*count);
                }
                if counts.iter().sum::<u64>() >= CONTROL_REQUESTS_MIN {
                    let thresholds = thresholds(rule, bounds_ms, counts);
                    *self = Self::Comparing { bounds_ms: std::mem::take(bounds_ms), thresholds };
                }
            }
            Self::Comparing { thresholds, .. } => {
                for threshold in thresholds {
                    threshold.observe(control, canary);
                }
            }
        }
    }
}

impl Threshold {
    fn new(rule: &Rule, bounds_ms: &[f64], edge_idx: usize, place: Place) -> Self {
        let metric = Metric::new(
            format!("latency over {} ms", bounds_ms[edge_idx]),
            Evidence::of_slower(rule.latency_margin),
            Evidence::of_less_than(rule.harm_odds),
        );
        Self { edge_idx, place, metric }
    }

    fn observe(&mut self, control: &Histogram, canary: &Histogram) {
        // A block in which one arm reports no durations leaves nothing to compare.
        if control.is_empty() || canary.is_empty() {
            return;
        }
        let slower = |it: &Histogram| it.counts[self.edge_idx + 1..].iter().sum();
        self.metric.observe(&Table {
            canary_total: canary.counts.iter().sum(),
            canary_hits: slower(canary),
            control_total: control.counts.iter().sum(),
            control_hits: slower(control),
        });
    }
}

/// The edges to compare at, given control's `counts` per bucket. None when every request fell above the last edge.
fn thresholds(rule: &Rule, bounds_ms: &[f64], counts: &[u64]) -> Vec<Threshold> {
    let total: u64 = counts.iter().sum();
    let up_to: Vec<u64> = counts[..bounds_ms.len()]
        .iter()
        .scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        })
        .collect();
    let mut edges: Vec<usize> =
        QUANTILES.iter().filter_map(|&quantile| nearest_edge(&up_to, total, quantile)).collect();
    edges.dedup();
    let within = edges.into_iter().map(|idx| (idx, Place::Within));
    let beyond = up_to.iter().position(|&count| count == total).map(|idx| (idx, Place::Beyond));
    within.chain(beyond).map(|(idx, place)| Threshold::new(rule, bounds_ms, idx, place)).collect()
}

/// Of the edges with requests on both sides, the one whose share of requests at or below it is nearest to `quantile`.
fn nearest_edge(up_to: &[u64], total: u64, quantile: f64) -> Option<usize> {
    let distance = |count: u64| (count as f64 / total as f64 - quantile).abs();
    (0..up_to.len())
        .filter(|&idx| 0 < up_to[idx] && up_to[idx] < total)
        .min_by(|&one, &other| distance(up_to[one]).total_cmp(&distance(up_to[other])))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: &[u64], expect: &[(&str, Place)]) {
        let bounds_ms = [5.0, 10.0, 25.0, 50.0, 100.0];
        let found = thresholds(&Rule::default(), &bounds_ms, counts);
        let found: Vec<_> = found.iter().map(|it| (it.metric.name.as_str(), it.place)).collect();
        assert_eq!(found, expect);
    }

    #[test]
    fn lie_nearest_to_the_quantiles_of_control() {
        check(
            &[20, 35, 30, 13, 1, 1],
            &[
                ("latency over 10 ms", Place::Within),
                ("latency over 25 ms", Place::Within),
                ("latency over 100 ms", Place::Within),
            ],
        );
    }

    #[test]
    fn include_the_first_edge_that_nothing_of_control_was_above() {
        check(
            &[60, 40, 0, 0, 0, 0],
            &[("latency over 5 ms", Place::Within), ("latency over 10 ms", Place::Beyond)],
        );
        check(&[100, 0, 0, 0, 0, 0], &[("latency over 5 ms", Place::Beyond)]);
    }

    #[test]
    fn are_none_where_the_histogram_is_blind() {
        check(&[0, 0, 0, 0, 0, 100], &[]);
    }
}
