//! An exception from the calendar: who is let through where it is closed, why, and for how long.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::resource::calendar::Coverage;
use crate::{Millis, Name};

/// As many different people, none of them the one who asks, must say yes before an exception holds.
pub const APPROVALS_NEEDED: usize = 2;
/// The longest time for which an exception may be asked.
pub const EXCEPTION_MAX: Millis = Millis::from_secs(30 * 24 * 3600);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Exception {
    /// Whom it lets through; everything when empty.
    #[serde(default, skip_serializing_if = "Coverage::is_everything")]
    pub scope: Coverage,
    /// The one Calendar that it lifts; all of them when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub calendar: Option<Name>,
    /// The one release that it is for; any when absent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<Name>,
    #[schemars(length(min = 1, max = 2000))]
    pub reason: String,
    pub from: Timestamp,
    /// It ends by itself; the instant itself no longer belongs to it.
    pub until: Timestamp,
}
