//! What a metric came to on one arm, over one block or over many.

use shipway_model::analysis::{Arm, Block, Histogram, Sample};
use shipway_model::resource::metric::{Metric, MetricKind};

/// Sums. Their size does not grow with what is added.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Measure {
    n: u64,
    x: u64,
    sum: f64,
    seconds: f64,
    latency: Histogram,
}

impl Measure {
    /// Nothing if the arm does not report the metric in the block.
    pub(super) fn of(metric: &Metric, arm: &Arm, block: &Block) -> Option<Self> {
        let seconds = block.length.duration().as_secs_f64();
        if metric.from.is_none() {
            let latency = arm.latency.clone();
            let (n, x) = (arm.requests, arm.errors);
            return (n > 0).then_some(Self { n, x, sum: 0.0, seconds, latency });
        }
        let Sample { n, x, sum, values, latency, .. } = arm.metrics.get(metric.name.as_str())?;
        let sum = sum.or_else(|| values.as_ref().map(|it| it.iter().sum())).unwrap_or(0.0);
        let n = n.or_else(|| values.as_ref().map(|it| it.len() as u64)).unwrap_or(0);
        let latency = latency.clone().unwrap_or_default();
        Some(Self { n, x: x.unwrap_or(0), sum, seconds, latency })
    }

    pub(super) fn add(&mut self, other: &Self) {
        self.n = self.n.saturating_add(other.n);
        self.x = self.x.saturating_add(other.x);
        self.sum += other.sum;
        self.seconds += other.seconds;
        if self.latency.bounds_ms != other.latency.bounds_ms {
            self.latency = other.latency.clone();
            return;
        }
        for (sum, it) in self.latency.counts.iter_mut().zip(&other.latency.counts) {
            *sum = sum.saturating_add(*it);
        }
    }

    /// A share, events per second, a mean, or the upper end of the bucket of the 99th percentile in milliseconds.
    pub(super) fn value(&self, kind: MetricKind) -> Option<f64> {
        let per = |sum: f64, of: f64| (of > 0.0).then(|| sum / of);
        match kind {
            MetricKind::Proportion => per(self.x as f64, self.n as f64),
            MetricKind::Count => per(self.x as f64, self.seconds),
            MetricKind::Mean => per(self.sum, self.n as f64),
            MetricKind::Latency => percentile_99(&self.latency),
        }
    }
}

/// Beyond the last bound, that bound: nothing more is known.
fn percentile_99(latency: &Histogram) -> Option<f64> {
    let total: u64 = latency.counts.iter().fold(0, |sum, it| sum.saturating_add(*it));
    let below = (total > 0).then(|| total - total / 100)?;
    let mut seen = 0_u64;
    let bucket = latency.counts.iter().position(|it| {
        seen = seen.saturating_add(*it);
        seen >= below
    })?;
    latency.bounds_ms.get(bucket).or(latency.bounds_ms.last()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_99th_percentile_is_the_end_of_its_bucket() {
        let check = |counts: [u64; 3], expect| {
            let latency = Histogram { bounds_ms: vec![10.0, 100.0], counts: counts.to_vec() };
            assert_eq!(percentile_99(&latency), expect, "{counts:?}");
        };
        check([100, 0, 0], Some(10.0));
        check([99, 1, 0], Some(10.0));
        check([98, 2, 0], Some(100.0));
        check([0, 0, 3], Some(100.0));
        check([0, 0, 0], None);
    }
}
