//! The maintenance windows of Vendors as rules: whoever depends on one meets it as a conflict.

use shipway_model::resource::Vendor;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};

use shipway_model::resource::organisation::MaintenanceWindow;
use shipway_model::{Millis, Name};

use super::rule::{Rule, compile};

/// Before every window that is looked at; the recurrence alone says when they are.
const BEGIN: &str = "1970-01-01T00:00";

pub(super) fn rules(name: &Name, vendor: &Vendor) -> Vec<Rule> {
    let windows = vendor.maintenance_windows.iter().enumerate();
    let rule = |(idx, window): (usize, &MaintenanceWindow)| {
        let name = format!("maintenance-{}", idx + 1).parse().expect("it is a name");
        recurring(name, &window.rule, &window.time_zone, window.duration)
    };
    let scope = Coverage { vendors: [name.clone()].into(), ..Coverage::default() };
    let each = windows.map(rule).filter_map(|rule| {
        let calendar = Calendar { time_zone: "UTC".to_owned(), scope: scope.clone(), rules: vec![rule] };
        compile(name, &calendar).ok()
    });
    each.flatten().collect()
}

/// A time that comes back and binds nobody: it is others who are away, or meet.
pub(super) fn recurring(name: Name, rrule: &str, time_zone: &str, duration: Millis) -> CalendarRule {
    CalendarRule {
        name,
        kind: RuleKind::Deny,
        purpose: Purpose::Vendor,
        reason: String::new(),
        dtstart: BEGIN.to_owned(),
        time_zone: Some(time_zone.to_owned()),
        duration: duration.to_string(),
        rrule: Some(rrule.to_owned()),
        rdate: Vec::new(),
        exdate: Vec::new(),
        gap: OnGap::default(),
        fold: OnFold::default(),
        scope: None,
        binds: [].into(),
        caught: Caught::default(),
        closed: WhenClosed::default(),
        people: [].into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_recurs_in_the_vendors_zone_and_binds_nobody() {
        let vendor: Vendor = serde_json::from_value(serde_json::json!({
            "maintenanceWindows": [
                { "rule": "FREQ=WEEKLY;BYDAY=SU;BYHOUR=3", "timeZone": "Europe/Berlin", "duration": "2h" },
                { "rule": "FREQ=SOMETIMES", "timeZone": "Europe/Berlin", "duration": "2h" },
            ],
        }))
        .unwrap();
        let rules = rules(&"payments".parse().unwrap(), &vendor);
        assert_eq!(rules.len(), 1, "what cannot be read is left out");
        assert!(rules[0].declared.binds.is_empty());
        let (from, to) = ("2026-03-02T00:00:00Z".parse().unwrap(), "2026-03-09T00:00:00Z".parse().unwrap());
        let found = rules[0].occurrences(from, to).unwrap();
        let spans: Vec<_> = found.iter().map(|it| (it.from.timestamp(), it.until.timestamp())).collect();
        let expected = ("2026-03-08T02:00:00Z".parse().unwrap(), "2026-03-08T04:00:00Z".parse().unwrap());
        assert_eq!(spans, [expected]);
    }
}
