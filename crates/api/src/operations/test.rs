//! Tests over time: which are flaky, and which are set aside.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::quarantine::Quarantine;
use shipway_model::{Name, QuarantineId};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::test::{HistoryView, QuarantineView};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HistoryQuery {
    pub service: Name,
    /// The share of disagreeing runs that is put up with, 0 to 1; 0.01 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<f64>,
    /// Only tests that disagree with themselves in more than that share with at least this confidence, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confidence: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuarantinePath {
    pub quarantine: QuarantineId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct QuarantineQuery {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// Those that lapsed or were ended too.
    #[serde(default)]
    pub all: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct EndQuarantineRequest {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

operations! {
    /// Say what the attached reports tell of each test of a service, the flakiest first.
    ListTests "listTests": Get "/api/v1/tests", Viewer {
        query: HistoryQuery,
        answer: Json<HistoryView>,
        errors: [UnknownService, UnknownBlob],
    }

    /// Set a test aside: until the day has come its results do not count for gates.
    BeginQuarantine "beginQuarantine": Post "/api/v1/quarantines", Operator {
        body: Json<Quarantine>,
        answer: Json<QuarantineView>,
        status: 201,
        errors: [UnknownService, InvalidQuarantine, InvalidReason],
    }

    /// List quarantines, the first to end first, with what each of them hides.
    ListQuarantines "listQuarantines": Get "/api/v1/quarantines", Viewer {
        query: QuarantineQuery,
        answer: Json<Page<QuarantineView>>,
        errors: [UnknownBlob],
    }

    /// End a quarantine before its time: the test counts again.
    EndQuarantine "endQuarantine": Post "/api/v1/quarantines/{quarantine}/end", Operator {
        path: QuarantinePath,
        body: Json<EndQuarantineRequest>,
        answer: Json<QuarantineView>,
        errors: [UnknownQuarantine, InvalidReason],
    }
}
