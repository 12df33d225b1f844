//! Rules in local time, and what they say about an instant.

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::DateTime;
use serde::Deserialize;
use serde_json::{Value, json};
use shipway_engine::calendar::{Clash, Lift, Rule, Subject, Timeline, compile, ics, lint};
use shipway_model::resource::Calendar;
use shipway_model::resource::calendar::RuleKind;

use crate::world::name;

mod binding;
mod conflicts;

fn calendar(rules: Value) -> Calendar {
    serde_json::from_value(json!({ "timeZone": "Europe/Berlin", "rules": rules })).unwrap()
}

fn rules(rules: Value) -> Vec<Arc<Rule>> {
    compile(&name("office"), &calendar(rules)).unwrap().into_iter().map(Arc::new).collect()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn starts(rule: Value, from: &str, to: &str) -> Vec<String> {
    let all = rules(json!([rule]))[0].occurrences(at(from), at(to)).unwrap();
    all.iter()
        .map(|it| format!("{}/{}", it.from.strftime("%FT%H:%M%:z"), it.until.strftime("%FT%H:%M%:z")))
        .collect()
}

/// `vectors.py` says how the table was made.
#[test]
fn expansions_are_those_of_python_dateutil() {
    #[derive(Deserialize)]
    struct Vector {
        rule: String,
        dtstart: String,
        zone: String,
        from: DateTime,
        starts: Vec<i64>,
    }
    let vectors: Vec<Vector> = serde_json::from_str(include_str!("calendar/vectors.json")).unwrap();
    assert!(vectors.len() >= 700);
    let mut wrong = Vec::new();
    for it in &vectors {
        let rule = json!({ "name": "vector", "kind": "deny", "dtstart": it.dtstart, "timeZone": it.zone,
            "duration": "1m", "rrule": it.rule });
        let rules = match compile(&name("vectors"), &calendar(json!([rule]))) {
            Ok(rules) => rules,
            // An hourly rule whose interval never meets its hours is refused rather than never happening.
            Err(_) if it.starts.is_empty() => continue,
            Err(faults) => panic!("{}: {faults:?}", it.rule),
        };
        // Both ends in the rule's own zone, as Python compared local times.
        let zone = rules[0].zone();
        let instant = |local: DateTime| zone.to_timestamp(local).unwrap();
        let whole = || instant("2036-01-01T00:00".parse().unwrap());
        // The table holds the first few of each.
        let to = it.starts.get(23).map_or_else(whole, |last| Timestamp::from_second(last + 1).unwrap());
        let found = rules[0].occurrences(instant(it.from), to).unwrap();
        let found: Vec<i64> = found.iter().map(|it| it.from.timestamp().as_second()).collect();
        if found != it.starts {
            wrong.push(format!(
                "{} from {} in {}:\n  {:?}\n  {found:?}",
                it.rule, it.from, it.zone, it.starts
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), vectors.len(), wrong.join("\n"));
}

#[test]
fn days_are_the_calendars_and_hours_the_clocks() {
    let daily = |duration: &str| json!({ "name": "d", "kind": "deny", "dtstart": "2026-03-28T12:00", "duration": duration, "rrule": "FREQ=DAILY;COUNT=1" });
    let (from, to) = ("2026-03-01T00:00:00Z", "2026-05-01T00:00:00Z");
    assert_eq!(starts(daily("1d"), from, to), ["2026-03-28T12:00+01:00/2026-03-29T12:00+02:00"]);
    assert_eq!(starts(daily("24h"), from, to), ["2026-03-28T12:00+01:00/2026-03-29T13:00+02:00"]);
}

#[test]
fn gaps_and_folds_go_by_the_rule() {
    let nightly = |gap: &str, fold: &str| {
        json!({ "name": "night", "kind": "allow", "dtstart": "2026-01-01T02:30", "duration": "15m",
            "rrule": "FREQ=DAILY", "gap": gap, "fold": fold })
    };
    let spring = |gap| starts(nightly(gap, "skip"), "2026-03-29T00:00:00Z", "2026-03-29T12:00:00Z");
    assert_eq!(spring("shift"), ["2026-03-29T03:30+02:00/2026-03-29T03:45+02:00"]);
    assert_eq!(spring("skip"), Vec::<String>::new());
    let autumn = |fold| starts(nightly("shift", fold), "2026-10-25T00:00:00Z", "2026-10-25T12:00:00Z");
    assert_eq!(autumn("skip"), ["2026-10-25T02:30+02:00/2026-10-25T02:45+02:00"]);
    assert_eq!(autumn("shift"), ["2026-10-25T02:30+01:00/2026-10-25T02:45+01:00"]);
    for (gap, fold, reason) in [
        ("reject", "skip", "2026-03-29T02:30:00 does not exist"),
        ("shift", "reject", "2026-10-25T02:30:00 comes twice"),
    ] {
        let faults = compile(&name("office"), &calendar(json!([nightly(gap, fold)]))).unwrap_err();
        assert!(faults[0].message.contains(reason), "{faults:?}");
    }
}

#[test]
fn every_fault_of_a_calendar_is_told_at_once() {
    let calendar = calendar(json!([
        { "name": "a", "kind": "deny", "dtstart": "2026-02-30T00:00", "duration": "-1h", "timeZone": "Berlin", "exdate": ["x"] },
        { "name": "b", "kind": "deny", "dtstart": "2026-01-01T00:00Z", "duration": "1 month", "rrule": "FREQ=SECONDLY" },
        { "name": "c", "kind": "deny", "dtstart": "2026-01-01", "duration": "500d", "rrule": "FREQ=SECONDLY" },
    ]));
    let faults = compile(&name("office"), &calendar).unwrap_err();
    let told: Vec<String> =
        faults.iter().map(|it| format!("{} {} | {}", it.field, it.message, it.help)).collect();
    insta::assert_snapshot!(told.join("\n"));
}

const OFFICE: &str = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR";

/// Office hours in one calendar, nights for the database in the same, a freeze in another.
fn timeline(now: &str) -> Timeline {
    let mut all = rules(json!([
        { "name": "hours", "kind": "allow", "dtstart": "2026-01-01T09:00", "duration": "8h", "rrule": OFFICE },
        { "name": "nights", "kind": "allow", "dtstart": "2026-01-01T22:00", "duration": "2h", "rrule": "FREQ=DAILY",
          "scope": { "services": ["database"] } },
    ]));
    let freeze = calendar(json!([
        { "name": "year-end", "kind": "deny", "purpose": "freeze", "reason": "Nobody is here.", "dtstart": "2026-12-21",
          "duration": "14d", "scope": { "environments": ["production"], "tiers": [1, 2] } },
    ]));
    all.extend(compile(&name("freezes"), &freeze).unwrap().into_iter().map(Arc::new));
    Timeline::around(all, at(now))
}

fn subject(service: &str, tier: u8) -> Subject {
    Subject {
        service: Some(name(service)),
        tier: Some(tier),
        environment: Some(name("production")),
        ..Subject::default()
    }
}

#[test]
fn an_answer_says_by_which_rule_until_when_and_when_next() {
    for (when, service, tier, allowed, by, until, next) in [
        // Monday noon.
        ("2026-11-23T11:00:00Z", "web", 1, true, "hours", "2026-11-23T16:00:00Z", "2026-11-23T11:00:00Z"),
        // Friday night: until Monday.
        ("2026-11-20T21:30:00Z", "web", 1, false, "hours", "2026-11-23T08:00:00Z", "2026-11-23T08:00:00Z"),
        // The database has the nights too.
        (
            "2026-11-20T21:30:00Z",
            "database",
            3,
            true,
            "nights",
            "2026-11-20T23:00:00Z",
            "2026-11-20T21:30:00Z",
        ),
        // Within the freeze, whatever the hour; it ends on a Sunday night.
        ("2026-12-22T11:00:00Z", "web", 1, false, "year-end", "2027-01-04T08:00:00Z", "2027-01-04T08:00:00Z"),
        // The freeze is for other tiers.
        ("2026-12-22T11:00:00Z", "web", 3, true, "hours", "2026-12-22T16:00:00Z", "2026-12-22T11:00:00Z"),
    ] {
        let answer = timeline(when).check(&[subject(service, tier)], &[], at(when));
        let said = answer.by.as_ref().map(|it| it.rule.as_str());
        assert_eq!((answer.allowed, said), (allowed, Some(by)), "{when} {service}: {answer:?}");
        assert_eq!(answer.until, Some(at(until)), "{when} {service}");
        assert_eq!(answer.next.unwrap().from, at(next), "{when} {service}");
    }
}

#[test]
fn of_several_services_all_must_be_let_through() {
    let when = "2026-11-20T21:30:00Z";
    let both = [subject("web", 1), subject("database", 1)];
    let answer = timeline(when).check(&both, &[], at(when));
    assert!(!answer.allowed);
    assert_eq!(answer.next.unwrap().from, at("2026-11-23T08:00:00Z"));
}

#[test]
fn every_reason_is_told() {
    let answer =
        timeline("2026-12-26T11:00:00Z").check(&[subject("web", 1)], &[], at("2026-12-26T11:00:00Z"));
    insta::assert_snapshot!(answer.refusal());
}

#[test]
fn rollbacks_and_emergencies_have_their_own_lanes() {
    let when = at("2026-12-26T11:00:00Z");
    let timeline = timeline("2026-12-26T11:00:00Z");
    for subject in [
        Subject { is_rollback: true, ..subject("web", 1) },
        Subject { class: serde_json::from_value(json!("emergency")).unwrap(), ..subject("web", 1) },
    ] {
        let answer = timeline.check(std::slice::from_ref(&subject), &[], when);
        assert!(answer.allowed && answer.reasons.is_empty(), "{answer:?}");
    }
}

#[test]
fn an_exception_lifts_one_calendar_for_its_time() {
    let when = at("2026-12-22T11:00:00Z");
    let lift = Lift { calendar: Some(name("freezes")), from: when, until: at("2026-12-22T11:30:00Z") };
    let timeline = timeline("2026-12-22T11:00:00Z");
    let subjects = [subject("web", 1)];
    let answer = timeline.check(&subjects, std::slice::from_ref(&lift), when);
    assert!(answer.allowed, "{answer:?}");
    assert_eq!(answer.until, Some(lift.until));
    // It ends by itself, and lifts no other calendar.
    assert!(!timeline.check(&subjects, std::slice::from_ref(&lift), lift.until).allowed);
    let night = Lift { from: at("2026-12-22T20:00:00Z"), until: at("2026-12-22T21:00:00Z"), ..lift };
    assert!(!timeline.check(&subjects, std::slice::from_ref(&night), night.from).allowed);
}

/// A check walks from edge to edge; looking at every quarter of an hour must find the same.
#[test]
fn the_next_slot_is_what_looking_around_the_clock_finds() {
    let (mut when, end) = (at("2026-12-10T00:00:00Z"), at("2027-01-10T00:00:00Z"));
    let timeline = timeline("2026-12-10T00:00:00Z");
    let subjects = [subject("web", 1), subject("database", 2)];
    let quarter = jiff::SignedDuration::from_mins(15);
    let mut answers = Vec::new();
    while when < end {
        answers.push((when, timeline.check(&subjects, &[], when)));
        when += quarter;
    }
    assert!(answers.iter().any(|it| it.1.allowed) && answers.iter().any(|it| !it.1.allowed));
    for (idx, (when, answer)) in answers.iter().enumerate() {
        let change = answers[idx..].iter().find(|it| it.1.allowed != answer.allowed).map(|it| it.0);
        if let Some(change) = change {
            assert_eq!(answer.until, Some(change), "at {when}");
        }
    }
}

#[test]
fn ten_years_are_looked_through() {
    let findings = lint::lint(
        &rules(json!([
            { "name": "night", "kind": "allow", "dtstart": "2026-01-01T02:30", "duration": "1h", "rrule": "FREQ=DAILY" },
            { "name": "lost", "kind": "allow", "dtstart": "2026-01-01T02:15", "duration": "1h", "rrule": "FREQ=DAILY",
              "gap": "skip" },
            { "name": "leap", "kind": "deny", "dtstart": "2026-02-28", "duration": "1d", "rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30" },
            { "name": "summer", "kind": "deny", "purpose": "freeze", "dtstart": "2027-07-01", "duration": "92d",
              "scope": { "environments": ["production"] } },
        ])),
        at("2026-01-01T00:00:00Z"),
    );
    let told: Vec<String> = findings
        .iter()
        .map(|it| format!("{:?} {}x {:?}\n  {}", it.problem, it.count, it.examples, it.text))
        .collect();
    insta::assert_snapshot!(told.join("\n"));
}

#[test]
fn a_feed_reads_back_as_what_it_was_written_from() {
    let rules = rules(json!([
        { "name": "hours", "kind": "deny", "dtstart": "2026-03-27T02:30", "duration": "8h", "rrule": "FREQ=DAILY;COUNT=4",
          "reason": "Lunch, a long; one" },
    ]));
    let (from, to) = (at("2026-03-01T00:00:00Z"), at("2026-05-01T00:00:00Z"));
    let text = ics::write(&ics::Feed {
        title: "Shipway: everything".to_owned(),
        rules: rules.clone(),
        from,
        to,
        made: from,
        refresh: jiff::SignedDuration::from_mins(15),
    })
    .unwrap();
    insta::assert_snapshot!(text.replace("\r\n", "\n"));
    let read = ics::import(&text, RuleKind::Deny, "UTC").unwrap();
    assert_eq!(read.left_out, Vec::<String>::new());
    let read = compile(&name("read"), &read.calendar).unwrap();
    let spans = |rules: &mut dyn Iterator<Item = &Rule>| {
        let all = rules.flat_map(|it| it.occurrences(from, to).unwrap());
        all.map(|it| (it.from.timestamp(), it.until.timestamp())).collect::<Vec<_>>()
    };
    assert_eq!(spans(&mut read.iter()), spans(&mut rules.iter().map(|it| &**it)));
    assert_eq!(rules[0].clashes(from, to).unwrap(), [("2026-03-29T02:30".parse().unwrap(), Clash::Gap)]);
    assert_eq!(read[0].zone().iana_name(), Some("UTC"));
}
