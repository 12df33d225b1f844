//! Trains: when they leave, with what, and what stays behind.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Name, ReleaseId, RolloutId};

use super::schedule::LegView;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct TrainView {
    pub name: Name,
    pub environment: Name,
    pub services: BTreeSet<Name>,
    /// The next departures; none when there are none within a year.
    pub next: Vec<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<DepartedView>,
}

/// A departure that is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct DepartedView {
    pub departure: Timestamp,
    pub rollouts: Vec<RolloutId>,
    /// Members that stayed behind, each with why.
    pub left: BTreeMap<Name, String>,
}

/// What a departure would take, as far as is known now.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ManifestView {
    pub train: Name,
    pub environment: Name,
    pub departure: Timestamp,
    /// What is sealed later takes the next one.
    pub boarding_ends: Timestamp,
    /// Providers before consumers.
    pub coaches: Vec<CoachView>,
    /// Members that stay behind, each with why.
    pub left: BTreeMap<Name, String>,
    /// Members that vendors keep from the next departure from now on, and with which one they go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<MovedView>,
    pub promises: Vec<PromiseView>,
    /// When each coach would go from the departure on, under calendars, hours and order.
    pub legs: Vec<LegView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CoachView {
    pub release: ReleaseId,
    /// For example `shop@1.4.0`.
    pub title: String,
    pub services: BTreeSet<Name>,
    /// Points.
    pub risk: u32,
}

/// A vendor's promise that is open, and that members wait for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct PromiseView {
    pub name: Name,
    pub vendor: Name,
    pub what: String,
    pub by: Timestamp,
    /// When the vendor says now that it will be kept, where that is another date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
}

/// A member that a vendor keeps from the next departure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct MovedView {
    pub service: Name,
    /// Absent where nothing leaves within a year that it could go with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<Timestamp>,
    pub why: String,
}
