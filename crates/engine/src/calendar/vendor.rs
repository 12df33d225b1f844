//! The maintenance windows of Vendors as rules: whoever depends on one meets it as a conflict.

use shipway_model::Name;
use shipway_model::resource::Vendor;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};

use super::rule::{Rule, compile};

/// Before every window that is looked at; the recurrence alone says when they are.
const BEGIN: &str = "1970-01-01T00:00";

pub(super) fn rules(name: &Name, vendor: &Vendor) -> Vec<Rule> {
    let windows = vendor.maintenance_windows.iter().enumerate();
    let rule =
        |(idx, window): (usize, &shipway_model::resource::organisation::MaintenanceWindow)| CalendarRule {
            name: format!("maintenance-{}", idx + 1).parse().expect("it is a name"),
            kind: RuleKind::Deny,
            purpose: Purpose::Vendor,
            reason: String::new(),
            dtstart: BEGIN.to_owned(),
            time_zone: Some(window.time_zone.clone()),
            duration: window.duration.to_string(),
            rrule: Some(window.rule.clone()),
            rdate: Vec::new(),
            exdate: Vec::new(),
            gap: OnGap::default(),
            fold: OnFold::default(),
            scope: None,
            // It is the vendor who is away: nobody is kept from going, and everybody is told.
            binds: [].into(),
            caught: Caught::default(),
            closed: WhenClosed::default(),
            people: [].into(),
        };
    let scope = Coverage { vendors: [name.clone()].into(), ..Coverage::default() };
    let each = windows.map(rule).filter_map(|rule| {
        let calendar = Calendar { time_zone: "UTC".to_owned(), scope: scope.clone(), rules: vec![rule] };
        compile(name, &calendar).ok()
    });
    each.flatten().collect()
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
