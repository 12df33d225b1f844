//! What became of fetching somebody else's calendars: the last good one stands, and failures are told once.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_model::Name;
use shipway_model::event::{Body, Event};
use shipway_model::resource::{ApiVersion, Calendar, CalendarFeed, Key, Kind, Metadata, Resource, Spec};

use super::ics;
use crate::{Code, Rejection, State, catalogue};

#[derive(Debug, Clone, Default)]
pub struct Feeds {
    fetched: BTreeMap<Name, Fetched>,
}

/// How the last fetch that was otherwise than the one before it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Since when it is so.
    pub since: Timestamp,
    pub fault: Option<String>,
    pub n_left_out: u32,
}

impl Feeds {
    pub fn get(&self, feed: &Name) -> Option<&Fetched> {
        self.fetched.get(feed)
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        if let Body::FeedFetched { feed, fault, n_left_out } = &event.body {
            let fetched = Fetched { since: event.at, fault: fault.clone(), n_left_out: *n_left_out };
            self.fetched.insert(feed.clone(), fetched);
        }
    }
}

/// What a feed's text says, as the Calendar that it becomes.
///
/// # Errors
/// A sentence, when it is no calendar, or holds nothing that can be a rule.
pub fn read(feed: &CalendarFeed, text: &str) -> Result<(Calendar, u32), String> {
    let imported = ics::import(text, feed.rules, &feed.time_zone).map_err(|fault| fault.to_string())?;
    let mut calendar = imported.calendar;
    if calendar.rules.is_empty() {
        return Err(match imported.left_out.first() {
            Some(why) => format!("nothing in it can be a rule: {why}"),
            None => "there are no events in it".to_owned(),
        });
    }
    calendar.scope = feed.scope.clone();
    for rule in &mut calendar.rules {
        rule.purpose = feed.purpose;
    }
    Ok((calendar, u32::try_from(imported.left_out.len()).unwrap_or(u32::MAX)))
}

/// The events that a fetch calls for: nothing when it is as it was.
pub(crate) fn record(
    state: &State,
    name: &Name,
    outcome: Result<(&Calendar, u32), &str>,
) -> Result<Vec<Body>, Rejection> {
    let key = Key { kind: Kind::CalendarFeed, name: name.clone() };
    if !matches!(state.catalogue.get(&key).map(|it| &it.spec), Some(Spec::CalendarFeed(_))) {
        let message = format!("there is no CalendarFeed {name}");
        return Err(Rejection::new(Code::InvalidDeclarations, message));
    }
    let (mut events, fault, n_left_out) = match outcome {
        Ok((calendar, n_left_out)) => {
            match catalogue::check::apply(&state.catalogue, &[declared(name, calendar)]) {
                Ok(events) => (events, None, n_left_out),
                Err(rejection) => (Vec::new(), Some(rejection.to_string()), 0),
            }
        }
        Err(fault) => (Vec::new(), Some(fault.to_owned()), 0),
    };
    let known = state.calendars.feeds.get(name);
    let is_known = known.is_some_and(|it| it.fault == fault && it.n_left_out == n_left_out);
    if !is_known || !events.is_empty() {
        events.push(Body::FeedFetched { feed: name.clone(), fault, n_left_out });
    }
    Ok(events)
}

fn declared(name: &Name, calendar: &Calendar) -> Resource {
    let description = format!("Fetched for CalendarFeed {name}.");
    Resource {
        api_version: ApiVersion::V1,
        metadata: Metadata { name: name.clone(), description, labels: BTreeMap::new() },
        spec: Spec::Calendar(calendar.clone()),
    }
}
