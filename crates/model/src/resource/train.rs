//! Release trains: services that leave together for one environment, on schedule, with what is ready.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Millis, Name};

/// A departure takes, of each member, the newest sealed release that is ready when boarding ends. What is not ready waits
/// for the next one; nobody waits for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Train {
    /// Where it goes.
    pub environment: Name,
    /// The Services whose releases it takes.
    #[schemars(length(min = 1, max = 200))]
    pub services: BTreeSet<Name>,
    /// The IANA time zone of its departures; UTC when absent.
    #[serde(default = "utc")]
    #[schemars(length(max = 64))]
    pub time_zone: String,
    /// The first local departure, for example `2026-01-07T09:00`.
    #[schemars(length(max = 32))]
    pub dtstart: String,
    /// How departures come back (RFC 5545), for example `FREQ=WEEKLY;BYDAY=WE`; only one when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub rrule: Option<String>,
    /// Local departures that are left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    pub exdate: Vec<String>,
    /// How long before a departure boarding ends: what is sealed later takes the next train.
    #[serde(default = "boarding_default")]
    pub boarding: Millis,
    /// A coach whose risk reaches this is uncoupled, where what stays aboard does not need it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub risk_from: Option<u32>,
    /// What vendors have promised, without which members cannot go.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 200))]
    pub promises: Vec<Promise>,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn boarding_default() -> Millis {
    Millis::from_secs(3600)
}

/// Something that a vendor is to deliver by a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Promise {
    pub name: Name,
    pub vendor: Name,
    /// What was promised.
    #[schemars(length(min = 1, max = 500))]
    pub what: String,
    pub by: Timestamp,
    /// When the vendor says now that it will be kept, where that is another date: members go with the first departure after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected: Option<Timestamp>,
    /// When it was kept; still open when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept: Option<Timestamp>,
    /// Members that cannot go without it; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    /// Who is told when it endangers a departure, the first one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub escalate: Vec<Escalation>,
}

/// Whom to tell, and how long before the promise is due.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Escalation {
    /// A person or address.
    #[schemars(length(min = 1, max = 200))]
    pub to: String,
    /// How long before the date, when it is not kept by then.
    #[serde(default)]
    pub before: Millis,
}

impl Promise {
    /// From when on members can go that wait for it, as far as anybody knows.
    pub fn due(&self) -> Timestamp {
        self.expected.unwrap_or(self.by)
    }

    pub fn concerns(&self, service: &Name) -> bool {
        self.services.is_empty() || self.services.contains(service)
    }
}
