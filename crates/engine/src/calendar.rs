//! When releases may go: rules in local time become stretches of real time, and a question gets an answer with reasons.
//!
//! [`compile`] reads the rules of a declared Calendar or says what is wrong with them. A [`Rule`] gives its
//! [`Occurrence`]s; a [`Timeline`] holds those of many rules over some months and answers [`Timeline::check`].
//! [`Calendars`] keeps what is declared, with the exceptions from it.
//!
//! Zones come from the database that is built in, so that every machine and every replay comes to the same answer.

pub mod answer;
mod booking;
pub mod conflict;
pub mod exception;
pub mod feed;
pub mod hours;
pub mod ics;
pub mod lint;
pub(crate) mod meeting;
pub mod on_call;
pub mod propose;
mod recurrence;
mod rule;
pub mod subject;
mod timeline;
pub mod traffic;
mod vendor;
mod zone;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;
use shipway_model::resource::{Booking, Calendar, Vendor};

pub use answer::{Answer, Reason, Slot};
pub(crate) use booking::fault as booking_fault;
pub use exception::{Exceptions, Permit};
pub use hours::WorkingHours;
pub use recurrence::OCCURRENCES_MAX;
pub use rule::{Clash, Fault, Occurrence, Rule, RuleRef, TooMany, compile};
pub use subject::Subject;
pub use timeline::{LOOK_AHEAD, Lift, Timeline};

/// The calendars that are declared, ready to be asked.
#[derive(Debug, Clone, Default)]
pub struct Calendars {
    rules: BTreeMap<Name, Vec<Arc<Rule>>>,
    /// Bookings, as rules that keep other teams out.
    bookings: Vec<Arc<Rule>>,
    /// When vendors say that they are away, as rules that bind nobody and are met as conflicts.
    vendors: BTreeMap<Name, Vec<Arc<Rule>>>,
    pub exceptions: Exceptions,
    pub feeds: feed::Feeds,
    memo: Memo,
}

impl Calendars {
    pub fn is_empty(&self) -> bool {
        self.rules.is_empty() && self.bookings.is_empty()
    }

    pub fn rules(&self) -> impl Iterator<Item = &Arc<Rule>> {
        self.rules.values().flatten().chain(&self.bookings).chain(self.vendors.values().flatten())
    }

    /// What was accepted once compiles; rules that an older version accepted and this one does not are left out.
    pub(crate) fn declare(&mut self, name: &Name, calendar: &Calendar) {
        let rules = compile(name, calendar).unwrap_or_default();
        self.rules.insert(name.clone(), rules.into_iter().map(Arc::new).collect());
        self.memo = Memo::default();
    }

    /// All bookings there are: what one of them leaves to another depends on both.
    pub(crate) fn book<'b>(&mut self, bookings: impl Iterator<Item = (&'b Name, &'b Booking)>) {
        self.bookings = booking::rules(&bookings.collect::<Vec<_>>()).into_iter().map(Arc::new).collect();
        self.memo = Memo::default();
    }

    /// Windows that make no sense as recurring times are left out: vendors word them as they like.
    pub(crate) fn note_vendor(&mut self, name: &Name, vendor: &Vendor) {
        let rules = vendor::rules(name, vendor).into_iter().map(Arc::new).collect();
        self.vendors.insert(name.clone(), rules);
        self.memo = Memo::default();
    }

    /// The rules over the time from `at` on, at least as far as [`LOOK_AHEAD`].
    pub fn timeline(&self, at: Timestamp) -> Arc<Timeline> {
        let mut kept = self.memo.0.lock().unwrap_or_else(PoisonError::into_inner);
        match &*kept {
            Some(timeline) if timeline.reaches(at) => Arc::clone(timeline),
            _ => {
                let timeline = Arc::new(Timeline::around(self.rules().cloned().collect(), at));
                *kept = Some(Arc::clone(&timeline));
                timeline
            }
        }
    }

    /// Whether all of `subjects` may go at `at`, exceptions considered.
    pub fn check(&self, subjects: &[Subject], release: Option<&Name>, at: Timestamp) -> Answer {
        let lifts = self.exceptions.lifts(subjects, release);
        self.timeline(at).check(subjects, &lifts, at)
    }
}

/// Keeps the last timeline. It answers the same with or without, only faster; so it is no part of the state.
#[derive(Debug, Default)]
struct Memo(Mutex<Option<Arc<Timeline>>>);

impl Clone for Memo {
    fn clone(&self) -> Self {
        Self(Mutex::new(self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }
}

/// `at` later by `duration`, or the end of time.
pub(crate) fn later(at: Timestamp, duration: SignedDuration) -> Timestamp {
    at.checked_add(duration).unwrap_or(Timestamp::MAX)
}
