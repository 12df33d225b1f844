//! The analyses of a rollout in full, ready to be drawn.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::analysis::{Point, Verdict};
use shipway_model::plan::StepId;
use shipway_model::resource::strategy::Analysis;
use shipway_model::{Millis, Name, RolloutId, Version};

/// Every analysis of a rollout. Each block as it comes is a `step.observed` among the rollout's events.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutAnalysis {
    pub rollout: RolloutId,
    /// In the plan's order; those that have not begun have no points.
    pub steps: Vec<StepAnalysis>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct StepAnalysis {
    pub step: StepId,
    pub service: Name,
    /// The version that it is compared with.
    pub control: Version,
    pub canary: Version,
    /// What it is judged by.
    pub rule: Analysis,
    /// Whether it watches after the end of the rollout; `control` is then what there was in the past.
    #[serde(default)]
    pub is_watch: bool,
    /// Whether more is to come.
    pub under_way: bool,
    /// Blocks so far.
    pub blocks: u64,
    /// End of the last block, since the start of the analysis.
    pub elapsed: Millis,
    /// The one that ended the step, or else the latest on the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// E-values, bounds and effects over time: at most 256 at equal distances, the oldest first.
    pub points: Vec<Point>,
}
