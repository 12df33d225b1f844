//! How running rollouts are judged: the one seam between the strategies' rules and the statistics.

mod kayenta;
mod measure;
mod shipway;
mod slo;
mod threshold;

use shipway_model::analysis::MetricVerdict;
use shipway_model::resource::metric::{Exposure, Metric, MetricKind};
use shipway_model::resource::strategy::{Analysis, JudgeKind};
use shipway_runtime::driver::Judging;

use self::measure::Measure;

/// Opens an analysis by the rule's judge.
///
/// # Errors
/// A sentence: what of the rule the judge cannot follow.
pub(crate) fn open(rule: &Analysis) -> Result<Box<dyn Judging>, String> {
    let judge: Box<dyn Judging> = match rule.judge {
        JudgeKind::Shipway => Box::new(shipway::Shipway::new(rule)?),
        JudgeKind::Kayenta => Box::new(kayenta::Kayenta::new(rule)?),
        JudgeKind::Threshold => Box::new(threshold::Threshold::new(rule)),
    };
    Ok(match &rule.slo {
        Some(slo) => Box::new(slo::Budgeted::new(judge, slo)?),
        None => judge,
    })
}

/// What the rule compares: failed requests and latency when it does not say.
fn metrics(rule: &Analysis) -> Vec<Metric> {
    if !rule.metrics.is_empty() {
        return rule.metrics.clone();
    }
    let metric = |name: &str, kind, critical| Metric {
        name: name.parse().expect("a valid name"),
        kind,
        direction: None,
        critical,
        margin: None,
        harm: None,
        margin_absolute: None,
        harm_absolute: None,
        weight: None,
        min_samples: None,
        exposure: Exposure::default(),
        unit: None,
        threshold: None,
        failure: None,
        from: None,
    };
    vec![metric("errors", MetricKind::Proportion, true), metric("latency", MetricKind::Latency, false)]
}

/// In which its numbers are told: durations in milliseconds, whatever their source counts in.
fn unit(metric: &Metric) -> Option<String> {
    match metric.kind {
        MetricKind::Latency => Some("ms".to_owned()),
        MetricKind::Proportion | MetricKind::Count | MetricKind::Mean => metric.unit.clone(),
    }
}

/// A metric's part of a verdict by a judge that gathers no evidence.
fn plain_verdict(metric: &Metric, control: &Measure, canary: &Measure) -> MetricVerdict {
    MetricVerdict {
        name: metric.name.to_string(),
        log_e_value: 0.0,
        control: control.value(metric.kind).unwrap_or(0.0),
        canary: canary.value(metric.kind).unwrap_or(0.0),
        log_health_e_value: None,
        effect: None,
        unit: unit(metric),
    }
}
