//! Bookings as rules: what one team has booked is closed to the services of all others.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use shipway_model::Name;
use shipway_model::resource::Booking;
use shipway_model::resource::calendar::{
    Calendar, CalendarRule, Caught, Coverage, Lane, OnFold, OnGap, Purpose, RuleKind, WhenClosed,
};

use super::rule::{Fault, Rule, compile};

/// The rules of all bookings. Where two overlap, the one with the higher priority has the time that both want.
pub(super) fn rules(all: &[(&Name, &Booking)]) -> Vec<Rule> {
    let left = all.iter().map(|(name, booking)| (*name, *booking, left(booking, all)));
    left.flat_map(|(name, booking, spans)| {
        spans.into_iter().filter_map(move |span| rule(name, booking, span).ok())
    })
    .collect()
}

/// What is wrong with a booking by itself; None when it makes sense.
pub(crate) fn fault(name: &Name, booking: &Booking) -> Option<Fault> {
    rule(name, booking, (booking.from, booking.until)).err()
}

/// What is left of a booking by those that stand above it, in order.
fn left(booking: &Booking, all: &[(&Name, &Booking)]) -> Vec<(Timestamp, Timestamp)> {
    let mut spans = vec![(booking.from, booking.until)];
    let above = all.iter().map(|it| it.1).filter(|it| it.priority > booking.priority && it.overlaps(booking));
    for other in above {
        spans = spans
            .into_iter()
            .flat_map(|(from, until)| {
                [(from, until.min(other.from)), (from.max(other.until), until)]
                    .into_iter()
                    .filter(|(from, until)| from < until)
            })
            .collect();
    }
    spans
}

fn rule(name: &Name, booking: &Booking, (from, until): (Timestamp, Timestamp)) -> Result<Rule, Fault> {
    // Rules know whole seconds: what is booked in part is booked.
    let first = Timestamp::from_second(from.as_second()).unwrap_or(from);
    let length = until.duration_since(first);
    let seconds = length.as_secs() + i64::from(length.subsec_nanos() > 0);
    let declared = CalendarRule {
        name: name.clone(),
        kind: RuleKind::Deny,
        purpose: Purpose::Booking,
        reason: booking.reason.clone(),
        dtstart: TimeZone::UTC.to_datetime(first).to_string(),
        time_zone: None,
        duration: format!("{:#}", SignedDuration::from_secs(seconds)),
        rrule: None,
        rdate: Vec::new(),
        exdate: Vec::new(),
        gap: OnGap::default(),
        fold: OnFold::default(),
        scope: None,
        binds: [Lane::Releases].into(),
        caught: Caught::default(),
        closed: WhenClosed::default(),
        people: [].into(),
    };
    let scope = Coverage {
        environments: [booking.environment.clone()].into(),
        services: booking.services.clone(),
        ..Coverage::default()
    };
    let calendar = Calendar { time_zone: "UTC".to_owned(), scope, rules: vec![declared] };
    let mut rules = compile(name, &calendar).map_err(|mut faults| faults.remove(0))?;
    let mut rule = rules.remove(0);
    rule.exempt = Some(booking.team.clone());
    Ok(rule)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn booking(team: &str, from: &str, until: &str, priority: u8) -> Booking {
        Booking {
            environment: "staging".parse().unwrap(),
            team: team.parse().unwrap(),
            services: [].into(),
            vendor: None,
            from: from.parse().unwrap(),
            until: until.parse().unwrap(),
            reason: "A rehearsal.".to_owned(),
            priority,
        }
    }

    #[test]
    fn the_higher_priority_has_what_both_want_and_the_other_what_is_left() {
        let name: Name = "low".parse().unwrap();
        let low = booking("a", "2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z", 1);
        let above: Name = "high".parse().unwrap();
        let high = booking("b", "2026-03-02T10:00:00Z", "2026-03-02T12:00:00.5Z", 2);
        let rules = rules(&[(&name, &low), (&above, &high)]);
        let spans: Vec<String> = rules
            .iter()
            .flat_map(|rule| {
                let all = rule.occurrences(low.from, low.until).unwrap();
                let team = rule.exempt.clone().unwrap();
                all.into_iter()
                    .map(move |it| format!("{team} {} {}", it.from.timestamp(), it.until.timestamp()))
            })
            .collect();
        assert_eq!(
            spans,
            [
                "a 2026-03-02T08:00:00Z 2026-03-02T10:00:00Z",
                "a 2026-03-02T12:00:00Z 2026-03-02T18:00:00Z",
                "b 2026-03-02T10:00:00Z 2026-03-02T12:00:01Z",
            ]
        );
    }

    #[test]
    fn a_booking_keeps_others_out_and_lets_its_own_team_in() {
        let name: Name = "low".parse().unwrap();
        let booked = booking("a", "2026-03-02T08:00:00Z", "2026-03-02T18:00:00Z", 0);
        let rules = rules(&[(&name, &booked)]);
        let of = |team: &str| super::super::Subject {
            team: Some(team.parse().unwrap()),
            environment: Some("staging".parse().unwrap()),
            ..super::super::Subject::default()
        };
        assert!(rules[0].covers(&of("b")) && !rules[0].covers(&of("a")));
        assert_eq!(rules[0].title(), "the booking low of team a");
    }
}
