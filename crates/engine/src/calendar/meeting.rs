//! When a board meets: a rule in a zone, as calendars have them.

use jiff::Timestamp;
use shipway_model::resource::board::Meeting;
use shipway_model::resource::calendar::{Calendar, Coverage};
use shipway_model::{Millis, Name};

use super::rule::{Fault, Rule, compile};
use super::vendor::recurring;
use super::{LOOK_AHEAD, later};

/// Only when a meeting begins matters.
const LENGTH: Millis = Millis::from_secs(60);

/// What is wrong with the rule of a meeting.
pub(crate) fn faults(board: &Name, meeting: &Meeting) -> Vec<Fault> {
    rule(board, meeting).err().unwrap_or_default()
}

/// Meetings at or after `from`, the next one first; none where there are none within a year, or the rule cannot be read.
pub(crate) fn meetings(board: &Name, meeting: &Meeting, from: Timestamp) -> Vec<Timestamp> {
    let Ok(rule) = rule(board, meeting) else { return Vec::new() };
    let all = rule.occurrences(from, later(from, LOOK_AHEAD)).unwrap_or_default();
    all.into_iter().map(|it| it.from.timestamp()).filter(|it| *it >= from).collect()
}

fn rule(board: &Name, meeting: &Meeting) -> Result<Rule, Vec<Fault>> {
    let rule = recurring("meeting".parse().expect("it is a name"), &meeting.rule, &meeting.time_zone, LENGTH);
    let calendar = Calendar { time_zone: "UTC".to_owned(), scope: Coverage::default(), rules: vec![rule] };
    compile(board, &calendar).map(|mut it| it.remove(0))
}
