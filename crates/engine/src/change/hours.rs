//! When a time to answer has run out.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Millis;

use crate::State;

/// `length` after `from`, as far as those who are asked work.
pub(super) fn after(
    _state: &State,
    _people: &BTreeSet<String>,
    from: Timestamp,
    length: Millis,
) -> Timestamp {
    let length = SignedDuration::from_millis(length.0.cast_signed());
    from.checked_add(length).unwrap_or(Timestamp::MAX)
}
