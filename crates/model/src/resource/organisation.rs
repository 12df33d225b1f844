//! Who owns and supplies what: teams, vendors, shared libraries, and the regulations over data.

use std::collections::BTreeSet;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::hours::Hours;
use super::service::ReleaseModel;
use crate::{Millis, Name};

/// The people who own services.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Team {
    /// Who belongs to it, as the names that their tokens carry.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub members: BTreeSet<String>,
    /// Where the team is reached, for example an address or channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// Groups of the identity provider whose members belong to it while they are signed in through it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub groups: BTreeSet<String>,
    /// When the team answers; always when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20))]
    pub hours: Vec<Hours>,
    /// The IANA time zone of its hours; UTC when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64))]
    pub zone: Option<String>,
}

/// A third party that services depend on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vendor {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    /// How much the vendor accepts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<RateLimit>,
    /// The vendor that takes over when this one fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failover: Option<Name>,
    /// When the vendor itself may be away, as the vendor words it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub maintenance_windows: Vec<MaintenanceWindow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimit {
    #[schemars(range(min = 1))]
    pub requests: u64,
    pub per: Millis,
}

/// A recurring absence: an RFC 5545 rule, a local start and a length.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MaintenanceWindow {
    /// For example `FREQ=WEEKLY;BYDAY=SU;BYHOUR=3`.
    pub rule: String,
    /// An IANA time zone, for example `Europe/Berlin`.
    pub time_zone: String,
    pub duration: Millis,
}

/// Code that several services share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Library {
    pub owner: Name,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<super::service::Dependency>,
    /// What bills of materials call it: package URLs without a version, for example `pkg:npm/%40shop/money`. Services whose bills
    /// name one of them are its consumers, as those are that say so under `dependsOn`.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    #[schemars(length(max = 20))]
    pub packages: BTreeSet<String>,
}

/// How much of the organisation may be in motion at once: what is above it waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Budget {
    /// The environments that count together; all of them when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// Rollouts under way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_rollouts: Option<u32>,
    /// Targets that rollouts under way touch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1))]
    pub max_targets: Option<u32>,
}

impl Budget {
    pub fn covers(&self, environment: &Name) -> bool {
        self.environments.is_empty() || self.environments.contains(environment)
    }
}

/// What the law says about classes of data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Regulation {
    /// Services with any of these classes of data fall under it.
    #[schemars(length(min = 1))]
    pub data_classes: BTreeSet<Name>,
    /// Release models that such a service may not use.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub forbids_release_models: BTreeSet<ReleaseModel>,
    /// The clause that says so, for the refusal.
    pub reason: String,
    /// For how many years the ledger must be kept; 7 when left out, as for audit papers under SOX.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub retention_years: Option<u8>,
}

impl Regulation {
    /// For how many years the ledger is kept when a regulation does not say: audit papers under SOX.
    pub const RETENTION_YEARS_DEFAULT: u8 = 7;

    /// For how many years the ledger must be kept on account of it.
    pub fn retention_years(&self) -> u8 {
        self.retention_years.unwrap_or(Self::RETENTION_YEARS_DEFAULT)
    }

    /// The first day, in UTC, on which an event recorded at `at` may be deleted, when events are kept for `years` years.
    pub fn kept_until(at: Timestamp, years: u8) -> Date {
        let day = at.to_zoned(TimeZone::UTC).date();
        day.saturating_add(i64::from(years).years()).saturating_add(1.day())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn years_are_counted_by_the_calendar_and_the_last_day_counts() {
        let until = |years, at: &str| Regulation::kept_until(at.parse().unwrap(), years).to_string();
        assert_eq!(until(7, "2019-05-31T23:59:59Z"), "2026-06-01");
        assert_eq!(until(1, "2024-02-29T12:00:00Z"), "2025-03-01");
        assert_eq!(until(0, "2024-12-31T12:00:00Z"), "2025-01-01");
    }
}
