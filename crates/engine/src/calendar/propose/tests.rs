use proptest::prelude::*;

use super::super::traffic::{Sample, Unusable, read};
use super::*;

/// Monday, 2026-01-05T00:00 in Zurich.
const MONDAY: i64 = 1_767_567_600;

/// So many weeks of hourly samples by the hour of the week in Zurich, where no clock is changed.
fn samples(weeks: i64, requests: impl Fn(i64, usize) -> f64) -> Vec<Sample> {
    let hour = |idx: i64| Sample {
        at: Timestamp::from_second(MONDAY + idx * 3600).unwrap(),
        requests: requests(idx / 168, usize::try_from(idx % 168).unwrap()),
    };
    (0..weeks * 168).map(hour).collect()
}

/// Busy by day, quiet by night, quietest on Sunday between three and five; Friday evening is the peak.
fn shop(_: i64, idx: usize) -> f64 {
    match (idx / 24, idx % 24) {
        (6, 3 | 4) => 1.0,
        (4, 18 | 19) => 900.0,
        (_, 0..=5) => 10.0,
        _ => 100.0,
    }
}

fn ask() -> Ask {
    Ask { hours: 2, count: 3, days: BTreeSet::new(), within: None, availability: None }
}

fn week(samples: &[Sample]) -> Week {
    Week::of(samples, "Europe/Zurich").unwrap()
}

fn rule(dtstart: &str, rrule: &str) -> Rule {
    let calendar = serde_json::json!({
        "timeZone": "Europe/Zurich",
        "rules": [{ "name": "window", "kind": "allow", "dtstart": dtstart, "duration": "2h", "rrule": rrule }],
    });
    let calendar: Calendar = serde_json::from_value(calendar).unwrap();
    super::super::compile(&"office".parse().unwrap(), &calendar).unwrap().remove(0)
}

#[test]
fn the_quietest_stretch_of_each_day_comes_first_with_what_it_would_cost() {
    let proposal = propose(&week(&samples(3, shop)), &Ask { availability: Some(99.9), ..ask() }, []);
    let first = &proposal.windows[0];
    assert_eq!((first.day, first.from.to_string(), first.hours), (Day::Sun, "03:00".to_owned(), 2));
    // 7 days of 6 quiet and 18 busy hours, less the quieter two and the busier two.
    let total = 7.0 * (60.0 + 1800.0) - 2.0 * 9.0 + 2.0 * 800.0;
    assert!((first.share - 2.0 / total).abs() < 1e-12);
    assert!((first.spends.unwrap() - 2.0 / total / 0.001).abs() < 1e-9);
    assert!((first.times_quieter.unwrap() - total / 168.0).abs() < 1e-9);
    assert_eq!(proposal.windows.len(), 3);
    let days: BTreeSet<Day> = proposal.windows.iter().map(|it| it.day).collect();
    assert_eq!(days.len(), 3, "each on a day of its own");
    assert!(first.reason().starts_with("0.01 % of a week's requests come then"), "{}", first.reason());
}

#[test]
fn windows_lie_where_people_are_when_that_is_asked_for() {
    let within = Some(("08:00".parse().unwrap(), "10:00".parse().unwrap()));
    let days = BTreeSet::from([Day::Tue, Day::Wed]);
    let windows = propose(&week(&samples(2, shop)), &Ask { days, within, ..ask() }, []).windows;
    let found: Vec<String> = windows.iter().map(|it| format!("{} {}", it.day.as_str(), it.from)).collect();
    assert_eq!(found, ["tue 08:00", "wed 08:00"], "the only stretch that fits");
}

#[test]
fn one_incident_makes_no_hour_busy_and_is_told() {
    let attacked = |week: i64, idx: usize| match (week, idx) {
        (1, 147) => 5000.0,
        _ => shop(week, idx),
    };
    let first = propose(&week(&samples(5, attacked)), &ask(), []).windows.remove(0);
    assert_eq!((first.day, first.from.to_string()), (Day::Sun, "03:00".to_owned()));
    assert!(first.share_highest > 0.3, "{first:?}");
}

#[test]
fn what_was_not_seen_is_not_taken_for_quiet() {
    // Nothing was recorded on Sundays, and of Saturdays one.
    let recorded = |week: i64, idx: usize| idx < 120 || (idx < 144 && week == 0);
    let all = samples(3, shop);
    let seen: Vec<Sample> = all
        .iter()
        .enumerate()
        .filter(|(n, _)| recorded((n / 168) as i64, n % 168))
        .map(|(_, it)| *it)
        .collect();
    let proposal = propose(&week(&seen), &Ask { count: 7, ..ask() }, []);
    assert_eq!(proposal.hours_unknown, 48);
    assert!(proposal.windows.iter().all(|it| it.day < Day::Sat), "{proposal:?}");
    assert_eq!(Week::of(&samples(1, shop), "Europe/Zurich"), Err(Unusable::TooLittle));
    assert_eq!(Week::of(&samples(2, |_, _| 0.0), "UTC"), Err(Unusable::Nothing));
    assert_eq!(Week::of(&all, "Europe/Zuerich"), Err(Unusable::Zone("Europe/Zuerich".to_owned())));
}

#[test]
fn a_window_over_the_peak_is_named_with_its_busiest_hour() {
    let week = week(&samples(3, shop));
    let rules = [
        rule("2026-01-02T17:30", "FREQ=WEEKLY;BYDAY=FR"),
        rule("2026-01-06T03:00", "FREQ=WEEKLY;BYDAY=TU"),
        rule("2026-01-06T10:00", "FREQ=WEEKLY;BYDAY=TU"),
    ];
    let over = propose(&week, &ask(), &rules).over_peak;
    assert_eq!(over.len(), 1, "busy is no peak: {over:?}");
    assert_eq!(over[0].at.to_string(), "2026-01-30T18:00:00");
    assert!(over[0].times_busier > 10.0, "{over:?}");
}

#[test]
fn what_is_proposed_is_a_calendar_that_compiles_and_opens_then() {
    let proposal = propose(&week(&samples(3, shop)), &ask(), []);
    let calendar = proposal.calendar(Coverage::default());
    let rules = super::super::compile(&"quiet".parse().unwrap(), &calendar).unwrap();
    let from = proposal.until;
    let until = from + SignedDuration::from_hours(14 * 24);
    let first = rules[0].occurrences(from, until).unwrap().remove(0);
    assert_eq!(first.from.to_string(), "2026-02-01T03:00:00+01:00[Europe/Zurich]");
    assert_eq!(rules[0].declared.name.as_str(), "sun-0300");
}

#[test]
fn both_forms_are_read_and_series_are_added_up() {
    let list =
        r#"[{"at": "2026-01-05T00:00:00Z", "requests": 3}, {"at": "2026-01-05T01:00:00Z", "requests": 4.5}]"#;
    assert_eq!(read(list).unwrap().iter().map(|it| it.requests).sum::<f64>(), 7.5);
    let answer = r#"{"status": "success", "data": {"resultType": "matrix", "result": [
        {"metric": {"region": "eu"}, "values": [[1767567600, "2"], [1767571200, "NaN"]]},
        {"metric": {"region": "us"}, "values": [[1767567600, "3.5"]]}]}}"#;
    let read_answer = read(answer).unwrap();
    assert_eq!(read_answer, [Sample { at: Timestamp::from_second(MONDAY).unwrap(), requests: 5.5 }]);
    for bad in [
        "",
        "{}",
        "[1]",
        r#"[{"at": "2026-01-05T00:00:00Z", "requests": -1}]"#,
        r#"{"data": {"result": [{"values": [[1e300, "1"]]}]}}"#,
    ] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn hours_are_those_of_the_wall_on_both_sides_of_a_changed_clock() {
    // Four weeks around the night of 29 March 2026, when clocks in Zurich go from two to three. The busy hour is noon there.
    let zone = super::super::zone::zone("Europe/Zurich").unwrap();
    let all = (0..4 * 168).map(|idx| {
        let at = Timestamp::from_second(1_773_615_600 + idx * 3600).unwrap();
        Sample { at, requests: if zone.to_datetime(at).hour() == 12 { 50.0 } else { 1.0 } }
    });
    let week = week(&all.collect::<Vec<_>>());
    let busy: Vec<usize> = week.known().filter(|(_, it)| it.typical > 1.0).map(|(idx, _)| idx % 24).collect();
    assert_eq!(busy, [12; 7]);
}

proptest! {
    /// No window that could have been proposed carries less than the first that was.
    #[test]
    fn nothing_quieter_was_left_out(loads in prop::collection::vec(0.0..1000.0f64, 168), hours in 1usize..=24) {
        let week = week(&samples(2, |_, idx| loads[idx] + 0.001));
        let found = propose(&week, &Ask { hours, count: 7, ..ask() }, []).windows;
        let total: f64 = loads.iter().map(|it| it + 0.001).sum();
        let share = |first: usize| (first..first + hours).map(|it| loads[it % 168] + 0.001).sum::<f64>() / total;
        let least = (0..168).map(share).fold(f64::INFINITY, f64::min);
        prop_assert!((found[0].share - least).abs() < 1e-9);
        prop_assert_eq!(found.len(), 7);
        prop_assert!(found.is_sorted_by(|a, b| a.share <= b.share));
    }
}
