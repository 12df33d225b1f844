//! Who answers now, as the calendars say.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use shipway_model::resource::calendar::{Purpose, RuleKind};

use super::{Calendars, Subject, later};

/// A stretch in which people are there to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// As their tokens and accounts are named.
    pub people: BTreeSet<String>,
    /// The rule that says so.
    pub rule: String,
    pub until: Timestamp,
}

impl Calendars {
    /// Who is on call at `now` for any of the subjects, by the rules of that purpose which name people.
    pub fn on_call(&self, subjects: &[Subject], now: Timestamp) -> Vec<Watch> {
        let timeline = self.timeline(now);
        let named =
            timeline.overlapping(now, later(now, SignedDuration::from_secs(1))).filter(|(rule, _)| {
                let declared = &rule.declared;
                declared.purpose == Purpose::OnCall
                    && declared.kind == RuleKind::Allow
                    && !declared.people.is_empty()
                    && subjects.iter().any(|it| it.is_covered(&rule.coverage))
            });
        let watch = named.map(|(rule, (_, until))| Watch {
            people: rule.declared.people.clone(),
            rule: rule.title(),
            until,
        });
        watch.collect()
    }
}
