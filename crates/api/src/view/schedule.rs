//! When releases can go, and what stands in the way of those that cannot.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::{Millis, Name};

/// Half open: `until` itself no longer belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotView {
    pub from: Timestamp,
    /// Absent when nothing ends it within a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ScheduleView {
    /// Nothing is placed before.
    pub from: Timestamp,
    /// Everything was to be over by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
    /// Whether every leg fits.
    pub feasible: bool,
    /// In an order in which each comes after those that it needs.
    pub legs: Vec<LegView>,
}

/// One release on its way into one environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct LegView {
    /// For example `shop@1.2.0 into production`.
    pub title: String,
    pub environment: Name,
    pub services: Vec<Name>,
    /// What its plan expects it to take.
    pub takes: Millis,
    /// The earliest time that fits; absent when none does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slot: Option<SlotView>,
    /// What it waits for, in sentences.
    pub waits: Vec<String>,
    /// Why no time fits: take any one of them away and one does.
    pub obstacles: Vec<ObstacleView>,
    /// The leg that it needs and that fits nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub behind: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ObstacleView {
    pub kind: ObstacleKind,
    /// The rule, the change, or what has to come before.
    pub with: String,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ObstacleKind {
    /// A freeze, or the windows of a calendar.
    Calendar,
    /// What has to be over before.
    Order,
    /// Another change at the same time.
    Change,
    /// When those work whose word it needs.
    Hours,
    /// There is less time left than it takes.
    Deadline,
    /// The environment is not there before.
    Environment,
}

/// What a rollout would meet if it began then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictsView {
    /// For example `shop@1.2.0 into production`.
    pub title: String,
    pub from: Timestamp,
    pub until: Timestamp,
    /// The gravest kind first.
    pub conflicts: Vec<ConflictView>,
    /// The next slot that is free of all of them; absent when it meets nothing, or when there is none within a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<SlotView>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConflictView {
    /// `same-service`, `dependency`, `dependant`, `blast-radius`, `shared-environment`, `people`, `vendor-window` or
    /// `closed`.
    pub kind: String,
    /// The other change, or the rule.
    pub with: String,
    /// Why it matters.
    pub why: String,
    /// When both happen.
    pub overlap: SlotView,
}
