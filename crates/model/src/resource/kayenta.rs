//! Kayenta's canary configuration, read as it is; of it only what Kayenta's judge reads is kept.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryConfig {
    #[serde(default)]
    pub name: String,
    pub metrics: Vec<CanaryMetric>,
    #[serde(default)]
    pub classifier: Classifier,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CanaryMetric {
    pub name: String,
    #[serde(default)]
    pub groups: Vec<String>,
    /// What the judge reads is under `canary`.
    #[serde(default)]
    pub analysis_configurations: BTreeMap<String, AnalysisConfig>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct AnalysisConfig {
    pub direction: Direction,
    pub nan_strategy: NanStrategy,
    pub critical: bool,
    pub must_have_data: bool,
    pub muted: bool,
    pub effect_size: EffectSize,
    pub outliers: Outliers,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    Increase,
    Decrease,
    #[default]
    Either,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NanStrategy {
    #[default]
    Remove,
    /// With zero.
    Replace,
}

/// How large a change has to be; 1 for ratios of means and 0.5 for `cles` when left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EffectSize {
    pub measure: Measure,
    pub allowed_increase: Option<f64>,
    pub allowed_decrease: Option<f64>,
    pub critical_increase: Option<f64>,
    pub critical_decrease: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Measure {
    #[default]
    MeanRatio,
    /// Common language effect size: the chance that a value of the experiment exceeds one of control.
    Cles,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Outliers {
    pub strategy: OutlierStrategy,
    pub outlier_factor: f64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OutlierStrategy {
    #[default]
    Keep,
    Remove,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Classifier {
    /// In percent.
    pub group_weights: BTreeMap<String, f64>,
    pub score_thresholds: ScoreThresholds,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ScoreThresholds {
    pub pass: f64,
    pub marginal: f64,
}

impl Default for Outliers {
    fn default() -> Self {
        Self { strategy: OutlierStrategy::Keep, outlier_factor: 3.0 }
    }
}

impl Default for ScoreThresholds {
    fn default() -> Self {
        Self { pass: 95.0, marginal: 75.0 }
    }
}

impl EffectSize {
    const fn usual(&self) -> f64 {
        match self.measure {
            Measure::MeanRatio => 1.0,
            Measure::Cles => 0.5,
        }
    }

    /// The effect sizes up to which a decrease and an increase pass.
    pub fn allowed(&self) -> (f64, f64) {
        let usual = self.usual();
        (self.allowed_decrease.unwrap_or(usual), self.allowed_increase.unwrap_or(usual))
    }

    /// Those from which on a critical metric fails everything.
    pub fn critical(&self) -> (f64, f64) {
        let usual = self.usual();
        (self.critical_decrease.unwrap_or(usual), self.critical_increase.unwrap_or(usual))
    }
}

impl CanaryConfig {
    /// # Errors
    /// A sentence: what in it is no configuration of Kayenta's.
    pub fn read(json: &serde_json::Value) -> Result<Self, String> {
        let config: Self = serde_json::from_value(json.clone()).map_err(|it| it.to_string())?;
        if config.metrics.is_empty() {
            return Err("it has no metrics".to_owned());
        }
        Ok(config)
    }
}

impl CanaryMetric {
    /// The name under which an analysis has its numbers: in lower case, with one `-` for whatever a name cannot have.
    pub fn key(&self) -> String {
        let words = self.name.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty());
        words.map(str::to_ascii_lowercase).collect::<Vec<_>>().join("-")
    }

    /// What the judge reads, every default where there is nothing.
    pub fn analysis(&self) -> AnalysisConfig {
        self.analysis_configurations.get("canary").cloned().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A configuration as Kayenta's own API takes it: what the judge does not read is passed over.
    #[test]
    fn every_field_of_the_judge_is_read_and_the_others_are_passed_over() {
        let config = CanaryConfig::read(&json!({
            "name": "shop", "description": "…", "configVersion": "1", "applications": ["shop"],
            "judge": {"name": "NetflixACAJudge-v1.0", "judgeConfigurations": {}},
            "metrics": [{
                "name": "Error Rate (5xx)", "scopeName": "default", "groups": ["Errors"],
                "query": {"type": "prometheus", "metricName": "errors", "labelBindings": []},
                "analysisConfigurations": {"canary": {
                    "direction": "increase", "nanStrategy": "replace", "critical": true, "mustHaveData": true, "muted": true,
                    "effectSize": {"measure": "cles", "allowedIncrease": 0.6, "allowedDecrease": 0.4,
                                   "criticalIncrease": 0.8, "criticalDecrease": 0.2},
                    "outliers": {"strategy": "remove", "outlierFactor": 2.5},
                }},
            }, {"name": "latency"}],
            "classifier": {"groupWeights": {"Errors": 80}, "scoreThresholds": {"pass": 90, "marginal": 60}},
            "templates": {},
        }))
        .expect("a configuration");
        let errors = &config.metrics[0];
        assert_eq!(
            (errors.key().as_str(), errors.groups.as_slice()),
            ("error-rate-5xx", &["Errors".to_owned()][..])
        );
        assert_eq!(
            errors.analysis(),
            AnalysisConfig {
                direction: Direction::Increase,
                nan_strategy: NanStrategy::Replace,
                critical: true,
                must_have_data: true,
                muted: true,
                effect_size: EffectSize {
                    measure: Measure::Cles,
                    allowed_increase: Some(0.6),
                    allowed_decrease: Some(0.4),
                    critical_increase: Some(0.8),
                    critical_decrease: Some(0.2),
                },
                outliers: Outliers { strategy: OutlierStrategy::Remove, outlier_factor: 2.5 },
            }
        );
        assert_eq!(config.classifier.group_weights["Errors"], 80.0);
        assert_eq!(config.classifier.score_thresholds, ScoreThresholds { pass: 90.0, marginal: 60.0 });
        let latency = config.metrics[1].analysis();
        assert_eq!(latency, AnalysisConfig::default());
        assert_eq!((latency.effect_size.allowed(), latency.effect_size.critical()), ((1.0, 1.0), (1.0, 1.0)));
        let size = config.metrics[0].analysis().effect_size;
        assert_eq!((size.allowed(), size.critical()), ((0.4, 0.6), (0.2, 0.8)));
    }

    #[test]
    fn what_is_no_configuration_is_refused() {
        for (json, message) in [
            (json!({}), "missing field `metrics`"),
            (json!({"metrics": []}), "it has no metrics"),
            (
                json!({"metrics": [{"name": "a", "analysisConfigurations": {"canary": {"direction": "up"}}}]}),
                "unknown variant `up`, expected one of `increase`, `decrease`, `either`",
            ),
        ] {
            assert_eq!(CanaryConfig::read(&json).unwrap_err(), message);
        }
    }
}
