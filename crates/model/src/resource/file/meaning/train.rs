//! Trains, bookings and feeds: times in their order, and promises that can be told apart.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::Millis;
use crate::resource::{Booking, CalendarFeed, Train};

const EVERY_MIN: Millis = Millis::from_secs(60);
const EVERY_MAX: Millis = Millis::from_secs(7 * 24 * 3600);

pub(super) fn check_train(train: &Train, site: &mut Site<'_, '_, '_, '_>) {
    let mut names = BTreeSet::new();
    for (idx, promise) in train.promises.iter().enumerate() {
        if !names.insert(&promise.name) {
            let message = format!("a promise before this one is named `{}` too", promise.name);
            site.fault(way!["promises", idx, "name"], message, "give each promise of a train its own name");
        }
        if let Some(service) = promise.services.iter().find(|it| !train.services.contains(*it)) {
            let message = format!("{service} is no member of the train");
            site.fault(way!["promises", idx, "services"], message, "name services of the train");
        }
    }
}

pub(super) fn check_booking(booking: &Booking, site: &mut Site<'_, '_, '_, '_>) {
    if booking.until <= booking.from {
        site.fault(way!["until"], "the booking ends before it begins", "write a later instant than `from`");
    }
    if booking.priority > 9 {
        site.fault(way!["priority"], format!("there is no priority {}", booking.priority), "use 0 to 9");
    }
}

pub(super) fn check_feed(feed: &CalendarFeed, site: &mut Site<'_, '_, '_, '_>) {
    site.check_url(way!["url"], &feed.url, &["https://", "http://"]);
    if !(EVERY_MIN..=EVERY_MAX).contains(&feed.every) {
        let message = format!("{} is not between {EVERY_MIN} and {EVERY_MAX}", feed.every);
        site.fault(way!["every"], message, "write for example `every: 1h`");
    }
}
