//! From classifications to a score.

use std::collections::BTreeMap;

use serde::Serialize;
use shipway_model::resource::kayenta::{CanaryConfig, Classifier};

use super::classify::{Classification, Label, Test, classify};
use super::statistics::Summary;

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Judgement {
    pub classification: Verdict,
    /// 0 to 100, to two places.
    pub score: f64,
    /// Why the score is what it is, when it is not the weighted sum of its groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    pub groups: Vec<Group>,
    pub metrics: Vec<MetricResult>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Verdict {
    Pass,
    Marginal,
    Fail,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Group {
    pub name: String,
    pub score: f64,
    /// In percent.
    pub weight: f64,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MetricResult {
    pub name: String,
    pub groups: Vec<String>,
    #[serde(flatten)]
    pub classification: Classification,
    pub control: Summary,
    pub experiment: Summary,
}

/// Classifies every metric that is not muted, and scores. Values by the name of their metric, NaN for a missing one.
pub fn judge(
    config: &CanaryConfig,
    control: &BTreeMap<String, Vec<f64>>,
    experiment: &BTreeMap<String, Vec<f64>>,
) -> Judgement {
    let mut metrics = Vec::new();
    for metric in &config.metrics {
        let analysis = metric.analysis();
        if analysis.muted {
            continue;
        }
        let values = |from: &BTreeMap<String, Vec<f64>>| from.get(&metric.name).cloned().unwrap_or_default();
        let (control, experiment) = (values(control), values(experiment));
        let summary =
            |it: &[f64]| Summary::of(&it.iter().copied().filter(|it| !it.is_nan()).collect::<Vec<f64>>());
        metrics.push(MetricResult {
            name: metric.name.clone(),
            groups: metric.groups.clone(),
            classification: classify(Test::default(), &analysis, &control, &experiment),
            control: summary(&control),
            experiment: summary(&experiment),
        });
    }
    score(&config.classifier, metrics)
}

/// The score of metrics that are classified.
pub fn score(classifier: &Classifier, metrics: Vec<MetricResult>) -> Judgement {
    let groups = groups(classifier, &metrics);
    let (score, reason) = match failed_outright(&metrics) {
        Some(reason) => (0.0, Some(reason)),
        None => (rounded(groups.iter().map(|it| it.score * it.weight / 100.0).sum()), None),
    };
    let thresholds = classifier.score_thresholds;
    let classification = if score >= thresholds.pass {
        Verdict::Pass
    } else if score >= thresholds.marginal {
        Verdict::Marginal
    } else {
        Verdict::Fail
    };
    Judgement { classification, score, reason, groups, metrics }
}

/// So many percent of metrics without data fail everything.
const NO_DATA_PERCENT_MAX: usize = 50;

fn failed_outright(metrics: &[MetricResult]) -> Option<String> {
    let is_critical =
        |it: &&MetricResult| it.classification.critical && it.classification.label != Label::Pass;
    if let Some(metric) = metrics.iter().find(is_critical) {
        return Some(format!("the critical metric {} is {:?}", metric.name, metric.classification.label));
    }
    let n_without = metrics.iter().filter(|it| it.classification.label == Label::Nodata).count();
    (n_without > 0 && n_without * 100 >= metrics.len() * NO_DATA_PERCENT_MAX)
        .then(|| format!("{n_without} of {} metrics have no data", metrics.len()))
}

fn groups(classifier: &Classifier, metrics: &[MetricResult]) -> Vec<Group> {
    let mut labels: BTreeMap<&str, Vec<Label>> = BTreeMap::new();
    for metric in metrics {
        for group in &metric.groups {
            labels.entry(group).or_default().push(metric.classification.label);
        }
    }
    let weights = &classifier.group_weights;
    let n_unweighted = labels.keys().filter(|it| !weights.contains_key(**it)).count();
    let rest = (100.0 - weights.values().sum::<f64>()) / n_unweighted as f64;
    let group = |(name, labels): (&str, Vec<Label>)| Group {
        name: name.to_owned(),
        score: group_score(&labels),
        weight: weights.get(name).copied().unwrap_or(rest),
    };
    labels.into_iter().map(group).collect()
}

fn group_score(labels: &[Label]) -> f64 {
    let count = |wanted: &[Label]| labels.iter().filter(|it| wanted.contains(it)).count() as f64;
    let counted = count(&[Label::Pass, Label::High, Label::Low, Label::NodataFailMetric]);
    if counted == 0.0 { 100.0 } else { 100.0 * count(&[Label::Pass]) / counted }
}

fn rounded(score: f64) -> f64 {
    (score * 100.0).round() / 100.0
}
