//! Alerts from outside, and changes elsewhere that may have caused them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::alert::Marker;
use shipway_model::{AlertId, Name};

use super::operations;
use crate::page::Page;
use crate::payload::Json;
use crate::view::alert::{AlertView, AlertsTaken};

/// Alerts of one notification that are taken; further ones are refused with all of it.
pub const ALERTS_MAX: usize = 500;

/// What Alertmanager sends to a webhook (version 4). Fields beyond these are not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    /// `4`; another form is refused.
    pub version: String,
    #[serde(default)]
    #[schemars(length(max = 500))]
    pub alerts: Vec<NotifiedAlert>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct NotifiedAlert {
    pub status: AlertStatus,
    /// `alertname` is needed. `service` (or `service_name`, `app`, `job`) names the service, `environment` (or
    /// `deployment_environment_name`, `deployment_environment`, `env`) the environment.
    pub labels: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    pub starts_at: Timestamp,
    /// Of one that fires, Alertmanager sends the year 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    #[serde(default, rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
    /// By which the sender tells it from others; of its labels when empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fingerprint: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum AlertStatus {
    Firing,
    Resolved,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AlertPath {
    pub alert: AlertId,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AlertQuery {
    /// About this service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// In this environment alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
    /// Those that still fire, or those that do not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub firing: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewMarker {
    /// What changed, in at most 200 bytes, such as `flag new-checkout: off to on`. It may not name a person.
    pub what: String,
    /// When it took effect; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// The service that it touches; all when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// Where; everywhere when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<Name>,
}

operations! {
    /// Tell of alerts, as Alertmanager does. Each is recorded once, with the deployments and declarations before it, and
    /// does to a rollout of its service what the environment's `onAlert` says.
    ReceiveAlerts "receiveAlerts": Post "/api/v1/alerts", Operator {
        body: Json<Notification>,
        answer: Json<AlertsTaken>,
    }

    /// Tell of a change that was made elsewhere, such as one of a feature flag, so that alerts after it name it.
    SetMarker "setMarker": Post "/api/v1/markers", Operator {
        body: Json<NewMarker>,
        answer: Json<Marker>,
    }

    /// List alerts, the latest first.
    ListAlerts "listAlerts": Get "/api/v1/alerts", Viewer {
        query: AlertQuery,
        answer: Json<Page<AlertView>>,
    }

    /// Show an alert, and what was deployed, declared and marked before it, the likeliest first.
    ShowAlert "showAlert": Get "/api/v1/alerts/{alert}", Viewer {
        path: AlertPath,
        answer: Json<AlertView>,
        errors: [UnknownAlert],
    }
}
