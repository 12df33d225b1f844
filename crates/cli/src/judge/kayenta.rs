//! Kayenta's judge: one value per block and arm, compared once, when time is up.

use std::collections::BTreeMap;

use shipway_analysis::kayenta::{
    self, AnalysisConfig, CanaryConfig, CanaryMetric, Classifier, Direction, Label,
};
use shipway_model::Millis;
use shipway_model::analysis::{Block, Decision, Verdict};
use shipway_model::resource::metric::{self, Metric, MetricKind};
use shipway_model::resource::strategy::Analysis;
use shipway_runtime::driver::{Assessment, Judging};

use super::measure::Measure;

/// The one group, which has all of the weight.
const GROUP: &str = "all";

/// Holds two numbers per metric and block; an analysis has ten thousand blocks at the most.
pub(super) struct Kayenta {
    metrics: Vec<Watched>,
    canary_requests: u64,
    canary_errors: u64,
    end: Millis,
}

struct Watched {
    metric: Metric,
    sums: [Measure; 2],
    /// By block; NaN where the arm did not report.
    values: [Vec<f64>; 2],
}

impl Kayenta {
    pub(super) fn new(rule: &Analysis) -> Self {
        let watched = |metric| Watched { metric, sums: Default::default(), values: Default::default() };
        let metrics = super::metrics(rule).into_iter().map(watched).collect();
        Self { metrics, canary_requests: 0, canary_errors: 0, end: Millis::ZERO }
    }

    fn verdict(&self, decision: Decision, reasons: Vec<String>) -> Verdict {
        let verdict_of = |it: &Watched| super::plain_verdict(&it.metric, &it.sums[0], &it.sums[1]);
        Verdict {
            decision,
            decided_at: self.end,
            canary_requests: self.canary_requests,
            canary_errors: self.canary_errors,
            metrics: self.metrics.iter().map(verdict_of).collect(),
            reasons,
            evidence: None,
            sensitivity: None,
            findings: Vec::new(),
        }
    }

    fn has_data(&self) -> bool {
        self.metrics.iter().any(|it| it.values.iter().all(|arm| arm.iter().any(|value| !value.is_nan())))
    }
}

impl Judging for Kayenta {
    fn take(&mut self, block: &Block) {
        self.end = block.start.saturating_add(block.length);
        self.canary_requests = self.canary_requests.saturating_add(block.canary.requests);
        self.canary_errors = self.canary_errors.saturating_add(block.canary.errors);
        for Watched { metric, sums, values } in &mut self.metrics {
            for (idx, arm) in [&block.control, &block.canary].into_iter().enumerate() {
                let measure = Measure::of(metric, arm, block);
                values[idx].push(measure.as_ref().and_then(|it| it.value(metric.kind)).unwrap_or(f64::NAN));
                sums[idx].add(&measure.unwrap_or_default());
            }
        }
    }

    fn assess(&self) -> Assessment {
        let decision = if self.has_data() { Decision::Undecided } else { Decision::NoVerdict };
        let reason = "Kayenta's judge speaks once, when time is up".to_owned();
        Assessment { verdict: self.verdict(decision, vec![reason]), is_final: false }
    }

    fn conclude(&self) -> Verdict {
        if !self.has_data() {
            return self.assess().verdict;
        }
        let config = CanaryConfig {
            name: String::new(),
            metrics: self.metrics.iter().map(|it| config_of(&it.metric)).collect(),
            classifier: Classifier {
                group_weights: BTreeMap::from([(GROUP.to_owned(), 100.0)]),
                ..Classifier::default()
            },
        };
        let values = |idx: usize| {
            self.metrics.iter().map(|it| (it.metric.name.to_string(), it.values[idx].clone())).collect()
        };
        let judgement = kayenta::judge(&config, &values(0), &values(1));
        let decision = match judgement.classification {
            kayenta::Verdict::Pass => Decision::Healthy,
            kayenta::Verdict::Marginal => Decision::Undecided,
            kayenta::Verdict::Fail => Decision::Harmful,
        };
        let mut reasons = vec![format!("Kayenta's score is {}", judgement.score)];
        reasons.extend(judgement.reason.clone());
        let unpassed = judgement.metrics.iter().filter(|it| it.classification.label != Label::Pass);
        reasons.extend(unpassed.map(|it| format!("{}: {:?}", it.name, it.classification.label)));
        self.verdict(decision, reasons)
    }
}

fn config_of(metric: &Metric) -> CanaryMetric {
    let usual = match metric.kind {
        MetricKind::Mean => metric::Direction::Decrease,
        MetricKind::Proportion | MetricKind::Latency | MetricKind::Count => metric::Direction::Increase,
    };
    let direction = match metric.direction.unwrap_or(usual) {
        metric::Direction::Increase => Direction::Increase,
        metric::Direction::Decrease => Direction::Decrease,
    };
    let analysis = AnalysisConfig { direction, critical: metric.critical, ..AnalysisConfig::default() };
    CanaryMetric {
        name: metric.name.to_string(),
        groups: vec![GROUP.to_owned()],
        analysis_configurations: BTreeMap::from([("canary".to_owned(), analysis)]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::shipway::tests::{arm, block};
    use super::*;

    /// Errors among 1000 requests of control and canary, block by block.
    fn check(errors: impl Fn(u64) -> (u64, u64), decision: Decision) {
        let mut judging = Kayenta::new(&Analysis::default());
        for idx in 0..60 {
            let (control, canary) = errors(idx);
            judging.take(&block(idx, arm(1000, control), arm(1000, canary)));
        }
        assert_eq!(judging.assess().verdict.decision, Decision::Undecided, "it speaks once");
        let verdict = judging.conclude();
        assert_eq!(verdict.decision, decision, "{:?}", verdict.reasons);
    }

    #[test]
    fn it_speaks_when_time_is_up() {
        // Its test takes shares beyond the fourth decimal for equal: these are far enough apart.
        check(|idx| (20 + idx % 7, 320 + idx % 7), Decision::Harmful);
        check(|idx| (20 + idx % 7, 20 + (idx + 3) % 7), Decision::Healthy);
        let nothing = Kayenta::new(&Analysis::default());
        assert_eq!(nothing.conclude().decision, Decision::NoVerdict);
    }
}
