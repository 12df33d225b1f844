//! Bookings: an environment, or some services in it, kept for one team for a while.

use std::collections::BTreeSet;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Name;

/// While it lasts, releases of other teams' services wait or are refused, as at a closed calendar. What comes back week by
/// week is a rule of a Calendar instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Booking {
    pub environment: Name,
    /// The Team that has it; its own services go in.
    pub team: Name,
    /// What of the environment is booked; all of it when empty.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub services: BTreeSet<Name>,
    /// A Vendor whose sandbox or people are booked along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vendor: Option<Name>,
    pub from: Timestamp,
    /// The instant itself no longer belongs to it.
    pub until: Timestamp,
    /// What for, for whoever waits.
    #[schemars(length(min = 1, max = 500))]
    pub reason: String,
    /// 0 to 9. Of two bookings that overlap, the one with the higher priority stands and the other has what is left;
    /// with equal priorities the second one is refused.
    #[serde(default, skip_serializing_if = "is_lowest")]
    #[schemars(range(max = 9))]
    pub priority: u8,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_lowest(priority: &u8) -> bool {
    *priority == 0
}

impl Booking {
    /// Whether both want the same thing at the same time.
    pub fn overlaps(&self, other: &Self) -> bool {
        let shares = self.services.is_empty()
            || other.services.is_empty()
            || !self.services.is_disjoint(&other.services);
        self.environment == other.environment && shares && self.from < other.until && other.from < self.until
    }
}
