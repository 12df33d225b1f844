//! Our own judge: blocks become its observations, its answer becomes a verdict.

use std::collections::BTreeMap;

use shipway_analysis::canary::{
    self, Answer, Arm, Baseline, Buckets, Config, Latency, MetricConfig, Observation, Watch,
};
use shipway_model::Millis;
use shipway_model::analysis::{
    self as model, Block, Decision, Evidence, MetricVerdict, Ratio, Sensitivity, Verdict,
};
use shipway_model::resource::metric::{Direction, Exposure, Metric, MetricKind};
use shipway_model::resource::strategy::{self, Analysis};
use shipway_runtime::driver::{Assessment, Judging};

use super::measure::Measure;

/// The line of what sources other than the router say. No instance has a name with such a character.
const ALL: &str = "*";
/// The line of an arm whose instances the router does not tell apart.
const WHOLE: &str = "";
/// The line of requests of instances that are not told apart any more.
const OTHERS: &str = "+";
/// The line of latency that does not come from the router: it counts other requests than the line of all.
const OTHER_LATENCY: &str = "~";
/// A canary is not called healthy while odds are possible that are less than half as much again as the margin.
const HARM_OVER_MARGIN: f64 = 1.5;
/// The judge takes no longer silence.
const SILENCE_S_MAX: f64 = 86_400.0;
/// What is wrong with blocks that were left out is told of so many.
const FAULTS_TOLD_MAX: usize = 3;

pub(super) struct Shipway {
    analysis: canary::Analysis,
    is_watch: bool,
    /// Set once it stands.
    answer: Option<Answer>,
    metrics: Vec<Watched>,
    log_health_needed: f64,
    canary_requests: u64,
    canary_errors: u64,
    end: Millis,
    n_left_out: u64,
    faults: Vec<String>,
}

struct Watched {
    metric: Metric,
    control: Measure,
    canary: Measure,
}

impl Shipway {
    pub(super) fn new(rule: &Analysis) -> Result<Self, String> {
        let metrics = super::metrics(rule);
        let config = Config {
            alpha: rule.alpha,
            beta: rule.beta,
            warm_up_s: rule.warm_up.duration().as_secs_f64(),
            severe_margin: rule.severe_margin.max(rule.margin),
            noisy_share: rule.noisy_share,
            silence_s: rule.silence.duration().as_secs_f64().min(SILENCE_S_MAX),
            baseline: baseline_of(rule),
            watch: rule.change_within.map(|it| Watch { duration_s: it.duration().as_secs_f64() }),
            // The rule's own bake and requests say when health is enough.
            early_promotion: false,
            metrics: metrics.iter().map(|it| config_of(it, rule)).collect(),
        };
        let watched = |metric| Watched { metric, control: Measure::default(), canary: Measure::default() };
        Ok(Self {
            analysis: canary::Analysis::new(config).map_err(|it| it.to_string())?,
            is_watch: rule.change_within.is_some(),
            answer: None,
            metrics: metrics.into_iter().map(watched).collect(),
            log_health_needed: -rule.beta.ln(),
            canary_requests: 0,
            canary_errors: 0,
            end: Millis::ZERO,
            n_left_out: 0,
            faults: Vec::new(),
        })
    }

    fn left_out(&self) -> Option<String> {
        let some = self.faults.join("; ");
        (self.n_left_out > 0)
            .then(|| format!("{} lines make no sense and were left out: {some}", self.n_left_out))
    }
}

impl Judging for Shipway {
    fn take(&mut self, block: &Block) {
        self.end = block.start.saturating_add(block.length);
        self.canary_requests = self.canary_requests.saturating_add(block.canary.requests);
        self.canary_errors = self.canary_errors.saturating_add(block.canary.errors);
        for it in &mut self.metrics {
            for (arm, sum) in [(&block.control, &mut it.control), (&block.canary, &mut it.canary)] {
                if let Some(measure) = Measure::of(&it.metric, arm, block) {
                    sum.add(&measure);
                }
            }
        }
        for observation in observations(&self.metrics, block) {
            match self.analysis.observe(observation) {
                Ok(answer) => self.answer = answer.cloned(),
                Err(error) => {
                    self.n_left_out += 1;
                    if self.faults.len() < FAULTS_TOLD_MAX {
                        self.faults.push(error.to_string());
                    }
                }
            }
        }
    }

    fn assess(&self) -> Assessment {
        let answer = self.answer.clone().unwrap_or_else(|| self.analysis.clone().finish());
        // A watch goes on after a silence: others may still have something to say.
        let is_silence = answer.decision == Decision::NoVerdict && self.is_watch;
        let is_final = answer.decision == Decision::Harmful || (self.answer.is_some() && !is_silence);
        let Answer { decision, decided_at_s, mut reasons, .. } = answer;
        reasons.extend(self.left_out());
        let found = answer.metrics.into_iter().zip(&self.metrics);
        let verdict = Verdict {
            decision,
            decided_at: decided_at_s.map_or(self.end, |it| Millis((it * 1000.0).round() as u64)),
            canary_requests: self.canary_requests,
            canary_errors: self.canary_errors,
            metrics: found.map(|(found, it)| verdict_of(found, it)).collect(),
            reasons,
            sensitivity: answer.watch.map(|it| Sensitivity {
                budget: it.budget,
                spent: it.spent,
                budget_per_hour: it.budget_per_hour,
            }),
            findings: Vec::new(),
            evidence: Some(Evidence {
                log_harm: answer.log_e_value,
                log_harm_needed: answer.log_e_value_needed,
                log_health_needed: self.log_health_needed,
            }),
        };
        Assessment { verdict, is_final }
    }
}

fn baseline_of(rule: &Analysis) -> Baseline {
    match rule.baseline {
        _ if !rule.periods.is_empty() => Baseline::Seasonal,
        strategy::Baseline::Concurrent => Baseline::Concurrent,
        strategy::Baseline::Fresh => Baseline::Fresh,
    }
}

fn config_of(metric: &Metric, rule: &Analysis) -> MetricConfig {
    let kind = match metric.kind {
        MetricKind::Proportion => canary::Kind::Proportion,
        MetricKind::Latency => canary::Kind::Latency,
        MetricKind::Count => canary::Kind::Count,
        MetricKind::Mean => canary::Kind::Mean,
    };
    let direction = metric.direction.map(|it| match it {
        Direction::Increase => canary::Direction::Increase,
        Direction::Decrease => canary::Direction::Decrease,
    });
    let usual = MetricConfig {
        // The rule's margin is one of odds and rates, and would be much for a mean.
        margin: metric.margin.or((metric.kind != MetricKind::Mean).then_some(rule.margin)),
        ..MetricConfig::new(metric.name.as_str(), kind)
    };
    let harm = usual.harm().max(usual.margin() * HARM_OVER_MARGIN);
    MetricConfig {
        direction,
        critical: metric.critical,
        margin_absolute: metric.margin_absolute,
        harm_absolute: metric.harm_absolute,
        harm: Some(metric.harm.unwrap_or(harm)),
        weight: metric.weight,
        min_samples: metric.min_samples,
        exposure: match metric.exposure {
            Exposure::Requests => canary::Exposure::Requests,
            Exposure::Time => canary::Exposure::Time,
        },
        ..usual
    }
}

fn verdict_of(found: canary::MetricAnswer, it: &Watched) -> MetricVerdict {
    let canary::Effect { of, estimate, low, high } = found.effect;
    MetricVerdict {
        name: found.name,
        log_e_value: found.log_e_value,
        control: it.control.value(it.metric.kind).unwrap_or(0.0),
        canary: it.canary.value(it.metric.kind).unwrap_or(0.0),
        log_health_e_value: Some(found.log_health_e_value),
        effect: Some(Ratio { of, estimate, low, high }),
        unit: super::unit(&it.metric),
    }
}

/// The lines of a block. Each arm has one at least: an arm of which nothing is said would be taken for a gap.
fn observations(metrics: &[Watched], block: &Block) -> Vec<Observation> {
    let (t, dt_s) = (block.start.duration().as_secs_f64(), block.length.duration().as_secs_f64());
    let arms = [(Arm::Control, &block.control), (Arm::Canary, &block.canary)];
    let line = |arm, instance: &str| Observation {
        t,
        dt_s,
        arm,
        instance: instance.to_owned(),
        requests: None,
        errors: None,
        latency_ms: None,
        metrics: Default::default(),
    };
    let mut lines = Vec::new();
    for (arm, seen) in arms {
        lines.extend(of_sources(
            metrics,
            (&seen.metrics, seen.requests),
            line(arm, ALL),
            line(arm, OTHER_LATENCY),
        ));
        for (period, part) in seen.instances.iter().filter(|(_, it)| !it.metrics.is_empty()) {
            let of_period = (&part.metrics, part.requests);
            lines.extend(of_sources(
                metrics,
                of_period,
                line(arm, period),
                line(arm, &format!("{period}{OTHER_LATENCY}")),
            ));
        }
        let counts_errors =
            metrics.iter().any(|it| it.metric.name.as_str() == "errors" && it.metric.from.is_none());
        let counts_latency =
            metrics.iter().any(|it| it.metric.name.as_str() == "latency" && it.metric.from.is_none());
        if !counts_errors && !counts_latency {
            continue;
        }
        for (instance, part) in parts(seen) {
            let of_router = Observation {
                requests: Some(part.requests),
                errors: counts_errors.then_some(part.errors),
                latency_ms: counts_latency
                    .then(|| buckets(&seen.latency.bounds_ms, &part.latency_counts))
                    .flatten(),
                ..line(arm, instance)
            };
            // A period of the past has metrics of its own, on its own line.
            let known =
                lines.iter_mut().find(|it: &&mut Observation| it.arm == arm && it.instance == instance);
            match known {
                Some(known) => {
                    known.requests = known.requests.or(of_router.requests);
                    known.errors = known.errors.or(of_router.errors);
                    known.latency_ms = known.latency_ms.take().or(of_router.latency_ms);
                }
                None => lines.push(of_router),
            }
        }
    }
    lines
}

/// The router's numbers by instance, and what is left of the arm without them.
fn parts(arm: &model::Arm) -> Vec<(&str, model::Part)> {
    let mut parts: Vec<_> = arm.instances.iter().map(|(name, it)| (name.as_str(), it.clone())).collect();
    let mut rest = model::Part {
        requests: arm.requests,
        errors: arm.errors,
        latency_counts: arm.latency.counts.clone(),
        ..model::Part::default()
    };
    for (_, part) in &parts {
        rest.requests = rest.requests.saturating_sub(part.requests);
        rest.errors = rest.errors.saturating_sub(part.errors);
        for (rest, it) in rest.latency_counts.iter_mut().zip(&part.latency_counts) {
            *rest = rest.saturating_sub(*it);
        }
    }
    if parts.is_empty() {
        parts.push((WHOLE, rest));
    } else if rest.requests > 0 {
        // Arm and instances are not read in one instant, so an error may be ahead of its request.
        rest.errors = rest.errors.min(rest.requests);
        parts.push((OTHERS, rest));
    }
    parts
}

/// What sources other than the router say of an arm, or of a period that is a part of it.
fn of_sources(
    metrics: &[Watched],
    (samples, requests): (&BTreeMap<String, model::Sample>, u64),
    mut all: Observation,
    mut latency: Observation,
) -> Vec<Observation> {
    let mut is_counted = false;
    for it in metrics.iter().filter(|it| it.metric.from.is_some()) {
        let name = it.metric.name.as_str();
        let Some(sample) = samples.get(name) else { continue };
        match (name, it.metric.kind) {
            ("errors", _) => (all.requests, all.errors) = (sample.n, sample.x),
            (_, MetricKind::Latency) => {
                latency.latency_ms =
                    sample.latency.as_ref().and_then(|it| buckets(&it.bounds_ms, &it.counts));
            }
            (_, kind) => {
                is_counted |= kind == MetricKind::Count && it.metric.exposure == Exposure::Requests;
                let model::Sample { n, x, sum, sum_sq, values, .. } = sample.clone();
                all.metrics.insert(name.to_owned(), canary::Sample { n, x, sum, sum_sq, values });
            }
        }
    }
    if is_counted && all.requests.is_none() {
        all.requests = Some(requests);
    }
    let mut lines = Vec::new();
    if all.requests.is_some() || !all.metrics.is_empty() {
        lines.push(all);
    }
    lines.extend(latency.latency_ms.is_some().then_some(latency));
    lines
}

fn buckets(bounds_ms: &[f64], counts: &[u64]) -> Option<Latency> {
    (!counts.is_empty())
        .then(|| Latency::Histogram(Buckets { bounds: bounds_ms.to_vec(), counts: counts.to_vec() }))
}

#[cfg(test)]
pub(super) mod tests;
