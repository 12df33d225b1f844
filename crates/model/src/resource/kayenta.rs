//! Kayenta's canary configuration, of which only what its judge reads is kept.

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

    pub(super) fn allowed(&self) -> (f64, f64) {
        let usual = self.usual();
        (self.allowed_decrease.unwrap_or(usual), self.allowed_increase.unwrap_or(usual))
    }

    pub(super) fn critical(&self) -> (f64, f64) {
        let usual = self.usual();
        (self.critical_decrease.unwrap_or(usual), self.critical_increase.unwrap_or(usual))
    }
}

impl CanaryMetric {
    pub(super) fn analysis(&self) -> AnalysisConfig {
        self.analysis_configurations.get("canary").cloned().unwrap_or_default()
    }
}
