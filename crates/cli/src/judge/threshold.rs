//! Static thresholds, with breaches counted by the rules of Flagger or of Argo Rollouts.
//!
//! | `counting` | harm | no verdict | healthy |
//! |---|---|---|---|
//! | none | five breaches of a metric | five blocks in a row without data | within all thresholds now |
//! | `flagger` | `threshold` breaches or blocks without data | – | within all thresholds now |
//! | `argo` | more than `failureLimit` failures | more than `inconclusiveLimit` inconclusive measurements, or more than `consecutiveErrorLimit` without data in a row | `count` measurements within the limits; without it, within all thresholds now |
//!
//! Of one metric Argo's errors go before inconclusive measurements, and those before failures; of several metrics, harm
//! goes before what nobody can tell.

use shipway_analysis::threshold::{self as rules, Argo, Flagger, Measurement, Phase};
use shipway_model::Millis;
use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::resource::metric::{Metric, Threshold as Limits};
use shipway_model::resource::strategy::{Analysis, ArgoLimits, Counting, FlaggerLimit};
use shipway_runtime::driver::{Assessment, Judging};

use super::measure::Measure;

/// Where nobody says how to count: so many blocks in a row without data are no verdict.
const MISSING_MAX: u32 = 5;

pub(super) struct Threshold {
    metrics: Vec<Watched>,
    canary_requests: u64,
    canary_errors: u64,
    end: Millis,
}

struct Watched {
    metric: Metric,
    count: Count,
    standing: Standing,
    control: Measure,
    canary: Measure,
    last: Measurement,
    /// Blocks without data, up to the last one.
    n_missing: u32,
}

/// What of the past decides.
enum Count {
    /// Flagger's, but what is missing is no breach.
    Patient(Flagger),
    Flagger(Flagger),
    /// Whether it waits for a number of measurements is told beside it.
    Argo(Argo, bool),
}

/// What a metric has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    Open,
    Harmful,
    /// Nobody can tell, and nothing that comes will change it.
    Unknown,
    /// By its count; the last measurement says so otherwise.
    Passed,
}

impl Threshold {
    pub(super) fn new(rule: &Analysis) -> Self {
        let watched = |metric| Watched {
            metric,
            count: Count::new(rule.counting),
            standing: Standing::Open,
            control: Measure::default(),
            canary: Measure::default(),
            last: Measurement::Error,
            n_missing: 0,
        };
        let metrics = super::metrics(rule).into_iter().map(watched).collect();
        Self { metrics, canary_requests: 0, canary_errors: 0, end: Millis::ZERO }
    }

    fn decide(&self) -> (Decision, bool) {
        let any = |standing| self.metrics.iter().any(|it| it.standing == standing);
        if any(Standing::Harmful) {
            (Decision::Harmful, true)
        } else if any(Standing::Unknown) {
            (Decision::NoVerdict, true)
        } else if self.metrics.iter().all(Watched::is_well) {
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
        self.canary.add(&canary.unwrap_or_default());
        self.last = measure(&self.metric, value);
        self.n_missing = if self.last == Measurement::Error { self.n_missing + 1 } else { 0 };
        // What was decided stands.
        if matches!(self.standing, Standing::Open | Standing::Passed) {
            self.standing = self.count.observe(self.last, self.n_missing);
        }
    }

    fn is_well(&self) -> bool {
        match (self.standing, &self.count) {
            (Standing::Passed, _) => true,
            (Standing::Open, Count::Argo(_, true)) | (Standing::Harmful | Standing::Unknown, _) => false,
            (Standing::Open, Count::Patient(_) | Count::Flagger(_) | Count::Argo(_, false)) => {
                self.last == Measurement::Success
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
            Measurement::Failure => format!("{name} is {value} over all, and beyond its threshold now"),
            Measurement::Inconclusive => {
                format!("{name} is {value} over all, and neither within its threshold nor a failure now")
            }
        }
    }
}

impl Count {
    fn new(counting: Option<Counting>) -> Self {
        match counting {
            None => Self::Patient(Flagger::new(FlaggerLimit::default().threshold)),
            Some(Counting::Flagger(FlaggerLimit { threshold })) => Self::Flagger(Flagger::new(threshold)),
            Some(Counting::Argo(limits)) => {
                let ArgoLimits { failure_limit, inconclusive_limit, consecutive_error_limit, count } = limits;
                let limits = rules::ArgoLimits {
                    failures: failure_limit,
                    inconclusive: inconclusive_limit,
                    consecutive_errors: consecutive_error_limit,
                    count,
                };
                Self::Argo(Argo::new(limits), count.is_some())
            }
        }
    }

    fn observe(&mut self, measurement: Measurement, n_missing: u32) -> Standing {
        let harmful = |is_harmful| if is_harmful { Standing::Harmful } else { Standing::Open };
        match self {
            Self::Patient(_) if n_missing >= MISSING_MAX => Standing::Unknown,
            Self::Patient(_) if measurement == Measurement::Error => Standing::Open,
            Self::Patient(flagger) | Self::Flagger(flagger) => harmful(flagger.observe(measurement)),
            Self::Argo(argo, _) => match argo.observe(measurement) {
                Phase::Running => Standing::Open,
                Phase::Successful => Standing::Passed,
                Phase::Failed => Standing::Harmful,
                Phase::Inconclusive | Phase::Error => Standing::Unknown,
            },
        }
    }
}

/// By what is declared: `threshold` is Argo's success condition, `failure` the opposite of its failure condition.
fn measure(metric: &Metric, value: Option<f64>) -> Measurement {
    let is_within = |limits: Limits, it: f64| {
        limits.min.is_none_or(|min| it >= min) && limits.max.is_none_or(|max| it <= max)
    };
    let success = metric.threshold.map(|limits| move |it| is_within(limits, it));
    let failure = metric.failure.map(|limits| move |it| !is_within(limits, it));
    Argo::measure(value, success, failure)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::shipway::tests::{arm, block};
    use super::*;

    /// Errors of 100 requests, block by block; none where the new version did not report.
    fn check(counting: Value, errors: &[Option<u64>], decision: Decision, is_final: bool) {
        let metrics = json!([{"name": "errors", "kind": "proportion", "threshold": {"max": 0.1},
            "failure": if counting["argo"].is_object() { json!({"max": 0.5}) } else { Value::Null }}]);
        let rule = json!({"judge": "threshold", "counting": counting, "metrics": metrics});
        let mut judging = Threshold::new(&serde_json::from_value(rule).unwrap());
        for (idx, errors) in errors.iter().enumerate() {
            let canary = errors.map_or(arm(0, 0), |it| arm(100, it));
            judging.take(&block(idx as u64, arm(100, 0), canary));
        }
        let assessed = judging.assess();
        assert_eq!((assessed.verdict.decision, assessed.is_final), (decision, is_final), "{errors:?}");
    }

    #[test]
    fn five_breaches_are_harm_and_silence_is_no_verdict() {
        let check =
            |errors: &[Option<u64>], decision, is_final| check(Value::Null, errors, decision, is_final);
        check(&[Some(0)], Decision::Healthy, false);
        check(&[Some(0), Some(11)], Decision::Undecided, false);
        check(&[Some(11), Some(11), Some(11), Some(11), Some(0)], Decision::Healthy, false);
        check(&[Some(11), Some(11), Some(0), Some(11), Some(11), Some(11), Some(0)], Decision::Harmful, true);
        check(&[None], Decision::NoVerdict, false);
        check(&[None; 5], Decision::NoVerdict, true);
        check(&[Some(0), None, None, None, None, Some(0)], Decision::Healthy, false);
    }

    #[test]
    fn flagger_counts_what_is_missing_as_well() {
        let counting = json!({"flagger": {"threshold": 3}});
        let check =
            |errors: &[Option<u64>], decision, is_final| check(counting.clone(), errors, decision, is_final);
        check(&[Some(11), None, Some(0)], Decision::Healthy, false);
        check(&[Some(11), Some(0), None, Some(0), Some(11)], Decision::Harmful, true);
        check(&[None; 3], Decision::Harmful, true);
    }

    #[test]
    fn argo_counts_failures_what_is_inconclusive_and_errors_apart() {
        let limits = |rest: Value| json!({"argo": rest});
        let two = limits(json!({"failureLimit": 2, "inconclusiveLimit": 1}));
        // 51 of 100 are beyond `failure`, 11 between that and `threshold`.
        check(two.clone(), &[Some(51), Some(51), Some(0)], Decision::Healthy, false);
        check(two.clone(), &[Some(51), Some(51), Some(0), Some(51)], Decision::Harmful, true);
        check(two.clone(), &[Some(11), Some(0)], Decision::Healthy, false);
        check(two.clone(), &[Some(11), Some(0), Some(11)], Decision::NoVerdict, true);
        check(two, &[None, None, None, None, Some(0), None], Decision::NoVerdict, false);
        check(limits(json!({})), &[None; 5], Decision::NoVerdict, true);
        check(limits(json!({"consecutiveErrorLimit": 1})), &[Some(0), None, None], Decision::NoVerdict, true);
        check(limits(json!({})), &[Some(51)], Decision::Harmful, true);
        check(limits(json!({"count": 3})), &[Some(0), Some(0)], Decision::Undecided, false);
        check(limits(json!({"count": 3})), &[Some(0), None, Some(0), Some(0)], Decision::Healthy, false);
    }
}
