//! When releases may go: windows, blackouts, freezes and the like, as recurring local times.
//!
//! Times are kept as they were written, local with a named zone: an instant alone would move when a law moves a clock.
//! What they mean is worked out by `engine::calendar`, which also says what is wrong with them.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;
use crate::release::Class;

/// A calendar binds as soon as it is declared. Its `allow` rules are alternatives: where any of them covers a release,
/// the release goes inside one of them. Several calendars must each let it through. A `deny` rule stands above them all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Calendar {
    /// The IANA time zone of rules that name none, for example `Europe/Berlin`; UTC when absent.
    #[serde(default = "utc")]
    #[schemars(length(max = 64))]
    pub time_zone: String,
    /// What rules without a scope of their own cover; everything when empty.
    #[serde(default, skip_serializing_if = "Coverage::is_everything")]
    pub scope: Coverage,
    #[schemars(length(min = 1, max = 2000))]
    pub rules: Vec<CalendarRule>,
}

fn utc() -> String {
    "UTC".to_owned()
}

/// A stretch of time that may come back: RFC 5545's `DTSTART`, `DURATION`, `RRULE`, `RDATE` and `EXDATE`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct CalendarRule {
    pub name: Name,
    pub kind: RuleKind,
    /// What it is to people.
    #[serde(default)]
    pub purpose: Purpose,
    /// Why, for whoever is refused.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    #[schemars(length(max = 500))]
    pub reason: String,
    /// The first local start, for example `2026-01-05T09:00`; a date alone is its midnight.
    #[schemars(length(max = 32))]
    pub dtstart: String,
    /// The IANA time zone, where it is not the calendar's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// How long each occurrence lasts: days and weeks by the calendar, hours and less by the clock, for example `8h`
    /// or `1d`.
    #[schemars(length(max = 40))]
    pub duration: String,
    /// How it comes back, for example `FREQ=WEEKLY;BYDAY=MO,TU,WE,TH`; only once when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub rrule: Option<String>,
    /// Further local starts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    pub rdate: Vec<String>,
    /// Local starts that are left out; a date alone leaves out its whole day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 2000))]
    pub exdate: Vec<String>,
    /// A local start that the clock skips.
    #[serde(default)]
    pub gap: OnGap,
    /// A local start that the clock shows twice.
    #[serde(default)]
    pub fold: OnFold,
    /// What it covers, where that is not the calendar's scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Coverage>,
    /// Whom it binds; releases alone when absent, so that rollbacks and emergencies have their own lanes.
    #[serde(default = "releases_alone")]
    #[schemars(length(min = 1))]
    pub binds: BTreeSet<Lane>,
    /// What becomes of a rollout that is under way when it is closed out.
    #[serde(default)]
    pub caught: Caught,
    /// What becomes of a rollout that is asked for while it is closed out.
    #[serde(default)]
    pub closed: WhenClosed,
    /// People who are needed or away, as the names that their tokens carry; for conflicts.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub people: BTreeSet<String>,
}

fn releases_alone() -> BTreeSet<Lane> {
    BTreeSet::from([Lane::Releases])
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum RuleKind {
    Allow,
    Deny,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    #[default]
    Window,
    Blackout,
    Freeze,
    FiscalClose,
    Holiday,
    /// When somebody is there to answer.
    OnCall,
    /// When a vendor is away, or only when it is there.
    Vendor,
    /// An environment is kept for one team.
    Booking,
}

/// RFC 5545 says two different things about a local time that does not exist, so the rule says which.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnGap {
    /// Later by the length of the gap: 02:30 becomes 03:30 (RFC 5545, section 3.3.5).
    #[default]
    Shift,
    /// That occurrence is left out (RFC 5545, section 3.3.10).
    Skip,
    /// The calendar is refused when it happens within ten years.
    Reject,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum OnFold {
    /// The first of the two counts and the second is skipped (RFC 5545, section 3.3.5).
    #[default]
    Skip,
    /// It is shifted to the second of the two.
    Shift,
    /// The calendar is refused when it happens within ten years.
    Reject,
}

/// Who goes by the rules in which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Lane {
    /// Releases of the classes standard and normal.
    Releases,
    /// What is being taken back.
    Rollbacks,
    /// Releases of the class emergency.
    Emergencies,
}

/// The safest state that can be reached, from the least to the most that still happens.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Caught {
    /// It is taken back, unless it has passed a point of no return; then it holds.
    RollBack,
    /// Steps under way are finished; it holds at the boundary and goes on by itself.
    #[default]
    FinishStep,
    /// The waves that have begun are finished; it holds before the next and goes on by itself.
    FinishWave,
    /// What has begun is finished.
    FinishRollout,
}

#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum WhenClosed {
    /// It queues, and starts by itself when it may.
    #[default]
    Queue,
    /// It is refused, with the next time at which it may.
    Refuse,
}

/// What a rule covers. Every field narrows it; an empty one does not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Coverage {
    /// Services of these tiers, 1 to 4.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub tiers: BTreeSet<u8>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    /// Services of these Teams.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub teams: BTreeSet<Name>,
    /// Services that depend on these Vendors.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub vendors: BTreeSet<Name>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub environments: BTreeSet<Name>,
    /// Targets whose label `region` has one of these values.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub regions: BTreeSet<String>,
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub classes: BTreeSet<Class>,
}

impl Coverage {
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}

impl Calendar {
    /// What a rule of it covers.
    pub fn coverage<'a>(&'a self, rule: &'a CalendarRule) -> &'a Coverage {
        rule.scope.as_ref().unwrap_or(&self.scope)
    }

    /// The name of the zone in which a rule of it is to be read.
    pub fn zone<'a>(&'a self, rule: &'a CalendarRule) -> &'a str {
        rule.time_zone.as_deref().unwrap_or(&self.time_zone)
    }
}

impl RuleKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
        }
    }
}

impl Purpose {
    /// For sentences.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Window => "window",
            Self::Blackout => "blackout",
            Self::Freeze => "freeze",
            Self::FiscalClose => "fiscal close",
            Self::Holiday => "holiday",
            Self::OnCall => "on-call time",
            Self::Vendor => "vendor window",
            Self::Booking => "booking",
        }
    }
}
