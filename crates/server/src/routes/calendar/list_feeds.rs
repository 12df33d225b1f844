//! Calendars that are fetched from elsewhere.

use shipway_api::operations::calendar::ListCalendarFeeds;
use shipway_api::page::Page;
use shipway_api::view::calendar::CalendarFeedView;
use shipway_model::resource::{Kind, Spec};

use crate::incoming::{Incoming, Outcome};

pub(super) async fn handle(it: Incoming<ListCalendarFeeds>) -> Outcome<ListCalendarFeeds> {
    let state = it.state();
    let feeds = state.catalogue.of_kind(Kind::CalendarFeed).filter_map(|(key, resource)| {
        let Spec::CalendarFeed(feed) = &resource.spec else { return None };
        let fetched = state.calendars.feeds.get(&key.name);
        Some(CalendarFeedView {
            name: key.name.clone(),
            url: feed.url.clone(),
            every: feed.every,
            n_rules: state
                .calendars
                .rules()
                .filter(|it| it.calendar == key.name && it.exempt.is_none())
                .count(),
            n_left_out: fetched.map_or(0, |it| it.n_left_out),
            since: fetched.map(|it| it.since),
            fault: fetched.and_then(|it| it.fault.clone()),
        })
    });
    Ok(Page { items: feeds.collect(), next: None })
}
