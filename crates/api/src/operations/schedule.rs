//! When releases can go.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_model::Name;

use super::operations;
use crate::payload::Json;
use crate::selector::ReleaseSelector;
use crate::view::schedule::{ConflictsView, ScheduleView};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ScheduleRequest {
    /// Earlier ones go first where the order is not given otherwise.
    #[schemars(length(min = 1, max = 500))]
    pub releases: Vec<ReleaseSelector>,
    /// Every environment that has hosts and does not have the release yet, when none is named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub environments: Vec<Name>,
    /// Not before; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Timestamp>,
    /// Everything is to be over by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<Timestamp>,
    /// What is said of one of the releases by itself.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 500))]
    pub dates: Vec<ReleaseDates>,
}

/// When people want a release, and when it is too late.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReleaseDates {
    pub release: ReleaseSelector,
    /// Not before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wanted: Option<Timestamp>,
    /// It is to be over by then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ConflictsRequest {
    pub release: ReleaseSelector,
    pub environment: Name,
    /// When it would begin; now when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
}

operations! {
    /// Find the earliest times at which releases can go, or what stands in their way. Nothing is booked.
    MakeSchedule "makeSchedule": Post "/api/v1/schedules", Viewer {
        body: Json<ScheduleRequest>,
        answer: Json<ScheduleView>,
        as_of: true,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NoTargets, Unplannable, BreaksZeroDowntime,
        ],
    }

    /// Say what a rollout would meet if it began at an instant, and when it would meet nothing.
    FindConflicts "findConflicts": Post "/api/v1/conflicts", Viewer {
        body: Json<ConflictsRequest>,
        answer: Json<ConflictsView>,
        as_of: true,
        errors: [
            UnknownRelease, UnknownEnvironment, ReleaseNotSealed, NoTargets, Unplannable, BreaksZeroDowntime,
        ],
    }
}
