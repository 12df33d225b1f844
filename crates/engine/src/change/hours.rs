//! When a time to answer has run out.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::Millis;

use crate::State;
use crate::calendar::later;

/// When the first of those who are asked has had `length` of their working hours since `from`. Whoever has declared none works
/// always.
pub(super) fn after(state: &State, people: &BTreeSet<String>, from: Timestamp, length: Millis) -> Timestamp {
    let length = SignedDuration::from_millis(length.0.cast_signed());
    let each = people.iter().filter_map(|it| state.hours_of(it).after(from, length));
    each.min().unwrap_or_else(|| later(from, length))
}
