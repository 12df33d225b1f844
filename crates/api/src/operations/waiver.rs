//! Waivers of gates.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::gate::Waiver;
use shipway_model::{Millis, WaiverId};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::waiver::WaiverView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WaiverPath {
    pub waiver: WaiverId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WaiverQuery {
    /// Only those that count now and lapse within this time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lapsing: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WithdrawWaiverRequest {
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub reason: String,
}

operations! {
    /// Ask that a gate lets something through although the evidence says no.
    RequestWaiver "requestWaiver": Post "/api/v1/waivers", Operator {
        body: Json<Waiver>,
        answer: Json<WaiverView>,
        status: 201,
        errors: [InvalidWaiver, InvalidReason],
    }

    /// List waivers, the first to lapse first.
    ListWaivers "listWaivers": Get "/api/v1/waivers", Viewer {
        query: WaiverQuery,
        answer: Json<Page<WaiverView>>,
    }

    /// Take on what a waiver lets through; not by whoever asked for it.
    ApproveWaiver "approveWaiver": Post "/api/v1/waivers/{waiver}/approve", Approver {
        path: WaiverPath,
        answer: Json<WaiverView>,
        errors: [UnknownWaiver, SelfApproval, WrongPhase],
    }

    /// Take a waiver back: its gate blocks again.
    WithdrawWaiver "withdrawWaiver": Post "/api/v1/waivers/{waiver}/withdraw", Operator {
        path: WaiverPath,
        body: Json<WithdrawWaiverRequest>,
        answer: Json<WaiverView>,
        errors: [UnknownWaiver, InvalidReason],
    }
}
