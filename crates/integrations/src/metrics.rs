//! Metric sources: where the numbers of a service come from. One file per kind, and one entry in [`ALL`].
//!
//! A source gives cumulative counters; [`Meter`] makes of two readings what happened in between.

mod meter;
pub(crate) mod router;

use std::collections::BTreeMap;

use shipway_model::Version;
use shipway_model::analysis::Histogram;

pub(crate) use self::meter::Meter;
pub use crate::spec::Spec;

/// Every kind of metric source.
pub const ALL: &[Spec] = &[router::SPEC];

/// What the versions of one service have done since their counters began. A version that is missing has not been
/// asked anything.
pub(crate) type Reading = BTreeMap<Version, Counters>;

/// What one version has done since its counters began.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Counters {
    /// Requests that got an answer of whatever status.
    pub(crate) answered: u64,
    /// Requests answered with 500 or above, broken off, or not answered.
    pub(crate) errors: u64,
    /// All requests but those that their client gave up.
    pub(crate) latency: Histogram,
}
