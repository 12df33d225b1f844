//! Calendars: what can be said of them without working out their times.

use std::collections::BTreeSet;

use super::{Site, way};
use crate::resource::Calendar;

pub(super) fn check(calendar: &Calendar, site: &mut Site<'_, '_, '_, '_>) {
    let mut names = BTreeSet::new();
    for (idx, rule) in calendar.rules.iter().enumerate() {
        if !names.insert(&rule.name) {
            let message = format!("a rule before this one is named `{}` too", rule.name);
            site.fault(way!["rules", idx, "name"], message, "give each rule of a calendar its own name");
        }
        for tier in &calendar.coverage(rule).tiers {
            if !(1..=4).contains(tier) {
                site.fault(
                    way!["rules", idx, "scope", "tiers"],
                    format!("there is no tier {tier}"),
                    "use 1 to 4",
                );
            }
        }
    }
}
