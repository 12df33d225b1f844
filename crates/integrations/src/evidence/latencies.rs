//! Single latencies, and what is said of them together.

use shipway_model::evidence::LatencyMs;

/// Most single latencies that a normal form keeps.
const SAMPLE_MAX: usize = 10_000;

/// In milliseconds, in the order of the document.
#[derive(Debug, Default)]
pub(super) struct Latencies(Vec<f64>);

impl Latencies {
    /// # Errors
    /// It is no latency.
    pub(super) fn add(&mut self, latency_ms: f64) -> Result<(), String> {
        if !latency_ms.is_finite() || latency_ms < 0.0 {
            return Err(format!("{latency_ms} is no latency"));
        }
        self.0.push(latency_ms);
        Ok(())
    }

    /// Every n-th, evenly over the run.
    pub(super) fn sample(&self) -> Vec<f64> {
        let n_kept = self.0.len().min(SAMPLE_MAX);
        (0..n_kept).map(|it| self.0[it * self.0.len() / n_kept]).collect()
    }

    /// Percentiles are interpolated between neighbours (Hyndman and Fan's type 7, as k6 does it).
    pub(super) fn summary(mut self) -> LatencyMs {
        let values = &mut self.0;
        values.sort_by(f64::total_cmp);
        let Some((min, max)) = values.first().copied().zip(values.last().copied()) else {
            return LatencyMs::default();
        };
        let at = |share: f64| {
            let place = share * (values.len() - 1) as f64;
            let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
            Some(low + (high - low) * place.fract())
        };
        let mean = values.iter().map(|it| it / values.len() as f64).sum();
        LatencyMs {
            mean: Some(mean),
            min: Some(min),
            max: Some(max),
            p50: at(0.5),
            p75: at(0.75),
            p90: at(0.9),
            p95: at(0.95),
            p99: at(0.99),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_lie_between_neighbours() {
        let mut latencies = Latencies::default();
        [4.0, 1.0, 3.0, 2.0, 5.0].into_iter().for_each(|it| latencies.add(it).unwrap());
        assert_eq!(latencies.sample(), [4.0, 1.0, 3.0, 2.0, 5.0]);
        let summary = latencies.summary();
        assert_eq!(
            (summary.mean, summary.p50, summary.p75, summary.max),
            (Some(3.0), Some(3.0), Some(4.0), Some(5.0))
        );
        assert!((summary.p90.unwrap() - 4.6).abs() < 1e-9);
        assert_eq!(Latencies::default().summary(), LatencyMs::default());
        assert!(Latencies::default().add(f64::NAN).is_err() && Latencies::default().add(-1.0).is_err());
    }

    #[test]
    fn a_sample_is_even() {
        let mut latencies = Latencies::default();
        (0..25_000).for_each(|it| latencies.add(f64::from(it)).unwrap());
        let sample = latencies.sample();
        assert_eq!((sample.len(), sample[0], sample[4], sample[9_999]), (10_000, 0.0, 10.0, 24_997.0));
    }
}
