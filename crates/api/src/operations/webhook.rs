//! What CI systems tell.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;
use shipway_model::ci::Deed;

use super::operations;
use crate::page::Page;
use crate::payload::{Json, Message};
use crate::view::webhook::{CiHeard, CiReportView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WebhookPath {
    pub webhook: Name,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CiQuery {
    /// Of this Webhook alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<Name>,
    /// About builds of this service alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Name>,
    /// About this commit alone; its first seven digits or more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deed: Option<Deed>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

operations! {
    /// Take a message of a CI system, in its own form. It comes with the Webhook's secret, as the sender proves that it knows it,
    /// or with a token. What it tells is recorded once; the answer says what was taken up and what was not.
    HearCi "hearCi": Post "/api/v1/webhooks/{webhook}", Webhook {
        path: WebhookPath,
        body: Message,
        answer: Json<CiHeard>,
        errors: [UnknownWebhook, ArtifactDiffers],
    }

    /// List what CI systems have told, the newest first.
    ListCiReports "listCiReports": Get "/api/v1/webhooks", Viewer {
        query: CiQuery,
        answer: Json<Page<CiReportView>>,
    }
}
