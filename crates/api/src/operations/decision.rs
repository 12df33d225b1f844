//! What gates said.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::resource::Policy;
use shipway_model::{DecisionId, Name, RolloutId};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::backtest::BacktestView;
use crate::view::decision::{DecisionSummary, DecisionView, ReplayView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DecisionPath {
    pub decision: DecisionId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DecisionQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rollout: Option<RolloutId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// Policies that are proposed, and the decisions that they are tried on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct BacktestRequest {
    pub policies: BTreeMap<Name, Policy>,
    /// Decisions from this instant on.
    pub since: Timestamp,
    /// Of this environment's gates alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
}

operations! {
    /// List what gates said to rollouts, the newest first.
    ListDecisions "listDecisions": Get "/api/v1/decisions", Viewer {
        query: DecisionQuery,
        answer: Json<Page<DecisionSummary>>,
    }

    /// Show a decision with every requirement.
    ShowDecision "showDecision": Get "/api/v1/decisions/{decision}", Viewer {
        path: DecisionPath,
        answer: Json<DecisionView>,
        errors: [UnknownDecision],
    }

    /// Compute a decision again: its facts from the ledger, its answer from the facts that are kept.
    ReplayDecision "replayDecision": Get "/api/v1/decisions/{decision}/replay", Viewer {
        path: DecisionPath,
        answer: Json<ReplayView>,
        errors: [UnknownDecision, UnknownBlob],
    }

    /// Ask proposed policies about the facts of recorded decisions. Nothing changes.
    BacktestPolicies "backtestPolicies": Post "/api/v1/decisions/backtest", Viewer {
        body: Json<BacktestRequest>,
        answer: Json<BacktestView>,
    }
}
