//! A journey: what a user does, as HTTP steps with extraction and assertions. Cookies are kept between steps.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::pipeline::Method;
use crate::{Millis, Name};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Journey {
    /// The service where the journey enters; paths are relative to where it is reached in the environment.
    pub service: Name,
    /// A release is not healthy until every critical journey has passed.
    #[serde(default)]
    pub critical: bool,
    /// Other services on its way, each of which hands the header `x-shipway-version` on to those it calls.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub through: Vec<Name>,
    #[schemars(length(min = 1, max = 100))]
    pub steps: Vec<JourneyStep>,
    /// For the whole journey.
    #[serde(default = "timeout_default")]
    pub timeout: Millis,
}

fn timeout_default() -> Millis {
    Millis::from_secs(30)
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct JourneyStep {
    pub name: Name,
    #[serde(default)]
    pub method: Method,
    /// `${NAME}` is replaced by what an earlier step extracted; so it is in headers and body.
    pub path: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, String>,
    /// Sent as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "crate::json::sorted_if_any")]
    pub json: Option<serde_json::Value>,
    #[serde(default)]
    pub expect: Expect,
    /// Names to keep from the answer.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extract: BTreeMap<Name, Extract>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expect {
    /// Any of 200 to 299 when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_contains: Option<String>,
    /// JSON pointers (RFC 6901) and the value that each must have.
    #[serde(
        default,
        skip_serializing_if = "BTreeMap::is_empty",
        serialize_with = "crate::json::sorted_values"
    )]
    pub json: BTreeMap<String, serde_json::Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_duration: Option<Millis>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Extract {
    /// A JSON pointer into the body.
    Json(String),
    Header(String),
}
