//! Somebody else's calendar, fetched again and again: holidays, a vendor's maintenance, an on-call rota.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::calendar::{Coverage, Purpose, RuleKind};
use crate::Millis;

/// What is fetched becomes the Calendar of the same name. When it cannot be fetched or read, the last one that could
/// stands, and the failure is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalendarFeed {
    /// An iCalendar file, for example `http://127.0.0.1:8090/holidays.ics`.
    #[schemars(length(max = 2000))]
    pub url: String,
    /// How often it is fetched: at least every minute, at most every week.
    #[serde(default = "every_default")]
    pub every: Millis,
    /// What its events are: times in which releases may go, or may not.
    pub rules: RuleKind,
    #[serde(default)]
    pub purpose: Purpose,
    /// The IANA time zone of events that name none.
    #[serde(default = "utc")]
    #[schemars(length(max = 64))]
    pub time_zone: String,
    /// What its events cover; everything when empty.
    #[serde(default, skip_serializing_if = "Coverage::is_everything")]
    pub scope: Coverage,
}

fn every_default() -> Millis {
    Millis::from_secs(3600)
}

fn utc() -> String {
    "UTC".to_owned()
}
