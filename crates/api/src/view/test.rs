//! Tests over time.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::evidence::CaseResult;
use shipway_model::quarantine::{History, Quarantine};
use shipway_model::{EvidenceId, Name, QuarantineId};

/// What the reports about a service tell of its tests.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryView {
    pub service: Name,
    /// Reports that were read.
    pub reports: usize,
    /// Older ones that were not.
    pub not_read: usize,
    pub tests: Vec<HistoryItem>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HistoryItem {
    #[serde(flatten)]
    pub history: History,
    /// The quarantine that holds it now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quarantine: Option<QuarantineId>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct QuarantineView {
    pub id: QuarantineId,
    #[serde(flatten)]
    pub quarantine: Quarantine,
    /// `in force`, `lapsed` or `ended`.
    pub standing: String,
    pub by: String,
    pub since: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_by: Option<String>,
    /// What gates did not hear because of it; absent where it was not asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hides: Option<HiddenView>,
}

/// Results of the test in reports that came while it was set aside.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HiddenView {
    pub passed: u64,
    pub failed: u64,
    /// The latest result, and the report that it stands in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<CaseResult>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<EvidenceId>,
}
