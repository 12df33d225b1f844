//! What came of changes whose risk was assessed.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::change::Factor;
use shipway_model::{ChangeId, Name};

/// One change that is over: how risky it was held to be, and how it ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RiskOutcome {
    pub change: ChangeId,
    pub environment: Name,
    /// When its rollout ended.
    pub ended: Timestamp,
    /// Points.
    pub score: u32,
    /// Of each factor that was assessed, its part of its weight, in thousandths.
    pub shares: BTreeMap<Factor, u32>,
    /// It was taken back, or given up.
    pub failed: bool,
}
