//! Static thresholds, as Flagger counts them: five breaches take the canary back.
//!
//! Unlike Flagger, an interval without data is no breach: five of them are no verdict.

use shipway_analysis::threshold::{Argo, Flagger, Measurement};
use shipway_model::Millis;
use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::resource::metric::Metric;
use shipway_model::resource::strategy::Analysis;
use shipway_runtime::driver::{Assessment, Judging};

use super::measure::Measure;

/// Flagger's own example counts to five.
const BREACHES_MAX: u32 = 5;

pub(super) struct Threshold {
    metrics: Vec<Watched>,
    canary_requests: u64,
    canary_errors: u64,
    end: Millis,
}

struct Watched {
    metric: Metric,
    breaches: Flagger,
    is_harmful: bool,
    n_missing: u32,
    control: Measure,
    canary: Measure,
    last: Measurement,
}

impl Threshold {
    pub(super) fn new(rule: &Analysis) -> Self {
        let watched = |metric| Watched {
            metric,
            breaches: Flagger::new(BREACHES_MAX),
            is_harmful: false,
            n_missing: 0,
            control: Measure::default(),
            canary: Measure::default(),
            last: Measurement::Error,
        };
        let metrics = super::metrics(rule).into_iter().map(watched).collect();
        Self { metrics, canary_requests: 0, canary_errors: 0, end: Millis::ZERO }
    }

    fn decide(&self) -> (Decision, bool) {
        let missing = |it: &Watched| it.n_missing >= BREACHES_MAX;
        if self.metrics.iter().any(|it| it.is_harmful) {
            (Decision::Harmful, true)
        } else if self.metrics.iter().any(missing) {
            (Decision::NoVerdict, true)
        } else if self.metrics.iter().all(|it| it.last == Measurement::Success) {
            (Decision::Healthy, false)
        } else if self.metrics.iter().all(|it| it.last == Measurement::Error) {
            (Decision::NoVerdict, false)
        } else {
            (Decision::Undecided, false)
        }
    }
}

impl Judging for Threshold {
    fn take(&mut self, block: &Block) {
        self.end = block.start.saturating_add(block.length);
        self.canary_requests = self.canary_requests.saturating_add(block.canary.requests);
        self.canary_errors = self.canary_errors.saturating_add(block.canary.errors);
        self.metrics.iter_mut().for_each(|it| it.take(block));
    }

    fn assess(&self) -> Assessment {
        let (decision, is_final) = self.decide();
        let verdict = Verdict {
            decision,
            decided_at: self.end,
            canary_requests: self.canary_requests,
            canary_errors: self.canary_errors,
            metrics: self
                .metrics
                .iter()
                .map(|it| super::plain_verdict(&it.metric, &it.control, &it.canary))
                .collect(),
            reasons: self.metrics.iter().map(Watched::told).collect(),
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        };
        Assessment { verdict, is_final }
    }
}

impl Watched {
    fn take(&mut self, block: &Block) {
        if let Some(control) = Measure::of(&self.metric, &block.control, block) {
            self.control.add(&control);
        }
        let canary = Measure::of(&self.metric, &block.canary, block);
        let value = canary.as_ref().and_then(|it| it.value(self.metric.kind));
        let limits = self.metric.threshold.unwrap_or_default();
        let is_within =
            |it: f64| limits.min.is_none_or(|min| it >= min) && limits.max.is_none_or(|max| it <= max);
        self.last = Argo::measure(value, Some(is_within), None::<fn(f64) -> bool>);
        self.canary.add(&canary.unwrap_or_default());
        match self.last {
            Measurement::Error => self.n_missing += 1,
            measured => {
                self.n_missing = 0;
                self.is_harmful |= self.breaches.observe(measured);
            }
        }
    }

    fn told(&self) -> String {
        let name = &self.metric.name;
        let value = self.canary.value(self.metric.kind);
        let value = value.map_or("unknown".to_owned(), |it| format!("{it:.4}"));
        match self.last {
            Measurement::Error => format!("{name} was not reported, {} times in a row", self.n_missing),
            Measurement::Success => format!("{name} is {value} over all, and within its threshold now"),
            Measurement::Failure | Measurement::Inconclusive => {
                format!("{name} is {value} over all, and beyond its threshold now")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::shipway::tests::{arm, block};
    use super::*;

    fn judging() -> Threshold {
        let metrics =
            serde_json::json!([{"name": "errors", "kind": "proportion", "threshold": {"max": 0.1}}]);
        let rule = serde_json::json!({"judge": "threshold", "metrics": metrics});
        Threshold::new(&serde_json::from_value(rule).unwrap())
    }

    fn check(errors: &[Option<u64>], decision: Decision, is_final: bool) {
        let mut judging = judging();
        for (idx, errors) in errors.iter().enumerate() {
            let canary = errors.map_or(arm(0, 0), |it| arm(100, it));
            judging.take(&block(idx as u64, arm(100, 0), canary));
        }
        let assessed = judging.assess();
        assert_eq!((assessed.verdict.decision, assessed.is_final), (decision, is_final), "{errors:?}");
    }

    #[test]
    fn five_breaches_are_harm_and_silence_is_no_verdict() {
        check(&[Some(0)], Decision::Healthy, false);
        check(&[Some(0), Some(11)], Decision::Undecided, false);
        check(&[Some(11), Some(11), Some(11), Some(11), Some(0)], Decision::Healthy, false);
        check(&[Some(11), Some(11), Some(0), Some(11), Some(11), Some(11), Some(0)], Decision::Harmful, true);
        check(&[None], Decision::NoVerdict, false);
        check(&[None; 5], Decision::NoVerdict, true);
        check(&[Some(0), None, None, None, None, Some(0)], Decision::Healthy, false);
    }
}
