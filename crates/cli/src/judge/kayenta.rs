//! Kayenta's judge: one value per block and arm, compared once, when time is up.
//!
//! By Kayenta's own configuration where the rule has it; else every metric is in one group that has all of the weight, with
//! its direction and whether it is critical.

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
    config: CanaryConfig,
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
    /// # Errors
    /// A sentence: what of Kayenta's configuration cannot be read.
    pub(super) fn new(rule: &Analysis) -> Result<Self, String> {
        let metrics = super::metrics(rule);
        let config = match &rule.kayenta {
            Some(json) => {
                CanaryConfig::read(json).map_err(|why| format!("Kayenta's configuration: {why}"))?
            }
            None => config_of(&metrics),
        };
        let watched = |metric| Watched { metric, sums: Default::default(), values: Default::default() };
        let metrics = metrics.into_iter().map(watched).collect();
        Ok(Self { config, metrics, canary_requests: 0, canary_errors: 0, end: Millis::ZERO })
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
        let values = |idx: usize| {
            let of = |it: &CanaryMetric| {
                let watched = self.metrics.iter().find(|watched| watched.metric.name.as_str() == it.key())?;
                Some((it.name.clone(), watched.values[idx].clone()))
            };
            self.config.metrics.iter().filter_map(of).collect()
        };
        let judgement = kayenta::judge(&self.config, &values(0), &values(1));
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

fn config_of(metrics: &[Metric]) -> CanaryConfig {
    CanaryConfig {
        name: String::new(),
        metrics: metrics.iter().map(metric_of).collect(),
        classifier: Classifier {
            group_weights: BTreeMap::from([(GROUP.to_owned(), 100.0)]),
            ..Classifier::default()
        },
    }
}

fn metric_of(metric: &Metric) -> CanaryMetric {
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
    use serde_json::{Value, json};

    use super::super::shipway::tests::{arm, block};
    use super::*;

    /// Errors among 1000 requests of control and canary, block by block.
    fn check(errors: impl Fn(u64) -> (u64, u64), decision: Decision) {
        let verdict = conclude(&Analysis::default(), errors);
        assert_eq!(verdict.decision, decision, "{:?}", verdict.reasons);
    }

    fn conclude(rule: &Analysis, errors: impl Fn(u64) -> (u64, u64)) -> Verdict {
        let mut judging = Kayenta::new(rule).unwrap();
        for idx in 0..60 {
            let (control, canary) = errors(idx);
            judging.take(&block(idx, arm(1000, control), arm(1000, canary)));
        }
        assert_eq!(judging.assess().verdict.decision, Decision::Undecided, "it speaks once");
        judging.conclude()
    }

    /// Errors rise from about 23 to 323 of 1000; each line changes one field of Kayenta's configuration.
    #[test]
    fn its_own_configuration_decides() {
        let check = |errors: Value, classifier: Value, decision, first_reason: &str| {
            let json = json!({
                "metrics": [
                    {"name": "Errors", "groups": ["health"], "analysisConfigurations": {"canary": errors}},
                    // Both arms alike: a group that passes.
                    {"name": "latency", "groups": ["speed"]},
                ],
                "classifier": classifier,
            });
            let rule = Analysis { kayenta: Some(json), ..Analysis::default() };
            let verdict = conclude(&rule, |idx| (20 + idx % 7, 320 + idx % 7));
            assert_eq!((verdict.decision, verdict.reasons[0].as_str()), (decision, first_reason), "{errors}");
        };
        let weights = |health: u32, speed: u32| json!({"groupWeights": {"health": health, "speed": speed}});
        let score = |score: u32| format!("Kayenta's score is {score}");
        check(json!({}), weights(50, 50), Decision::Harmful, &score(50));
        check(json!({}), weights(20, 80), Decision::Undecided, &score(80));
        check(json!({}), weights(4, 96), Decision::Healthy, &score(96));
        let lenient = json!({"groupWeights": {"health": 50, "speed": 50}, "scoreThresholds": {"pass": 50, "marginal": 20}});
        check(json!({}), lenient, Decision::Healthy, &score(50));
        check(json!({"critical": true}), weights(4, 96), Decision::Harmful, &score(0));
        check(
            json!({"direction": "decrease", "critical": true}),
            weights(50, 50),
            Decision::Healthy,
            &score(100),
        );
        check(
            json!({"effectSize": {"allowedIncrease": 20}}),
            weights(50, 50),
            Decision::Healthy,
            &score(100),
        );
        let not_critical = json!({"critical": true, "effectSize": {"criticalIncrease": 20}});
        check(not_critical, weights(4, 96), Decision::Healthy, &score(96));
        check(json!({"muted": true}), weights(50, 50), Decision::Harmful, &score(50));
    }

    #[test]
    fn what_is_no_configuration_of_its_own_is_refused() {
        let rule = Analysis { kayenta: Some(json!({"metrics": []})), ..Analysis::default() };
        assert_eq!(Kayenta::new(&rule).err().unwrap(), "Kayenta's configuration: it has no metrics");
    }

    #[test]
    fn it_speaks_when_time_is_up() {
        // Its test takes shares beyond the fourth decimal for equal: these are far enough apart.
        check(|idx| (20 + idx % 7, 320 + idx % 7), Decision::Harmful);
        check(|idx| (20 + idx % 7, 20 + (idx + 3) % 7), Decision::Healthy);
        let nothing = Kayenta::new(&Analysis::default()).unwrap();
        assert_eq!(nothing.conclude().decision, Decision::NoVerdict);
    }
}
