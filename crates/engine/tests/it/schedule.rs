//! Placing legs: against a search that tries every hour, and what stands in the way of one that fits nowhere.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::{Value, json};
use shipway_engine::calendar::WorkingHours;
use shipway_engine::calendar::conflict::Change;
use shipway_engine::calendar::{Rule, Subject, compile};
use shipway_engine::schedule::{Fate, Leg, ObstacleKind, Setting, Timing, Word, schedule};
use shipway_model::resource::Calendar;
use shipway_model::resource::calendar::RuleKind;
use shipway_model::resource::hours::Hours;

use crate::world::name;

/// Hours from here are what these tests count in.
const BEGIN: &str = "2026-03-02T00:00:00Z";
const DAYS: i64 = 4;

fn at(hour: i64) -> Timestamp {
    BEGIN.parse::<Timestamp>().unwrap() + SignedDuration::from_hours(hour)
}

fn change(title: &str, service: &str, from: i64, hours: i64) -> Change {
    Change {
        title: title.to_owned(),
        services: BTreeSet::from([name(service)]),
        environment: name("production"),
        from: at(from),
        until: at(from + hours),
        people: BTreeSet::new(),
        targets: BTreeSet::new(),
    }
}

fn leg(title: &str, service: &str, from: i64, hours: i64, after: &[usize]) -> Leg {
    let subject =
        Subject { service: Some(name(service)), environment: Some(name("production")), ..Subject::default() };
    Leg {
        change: change(title, service, from, hours),
        subjects: vec![subject],
        lifts: Vec::new(),
        after: after.iter().map(|it| (*it, format!("leg {it}"))).collect(),
        words: Vec::new(),
        promised: None,
        by: None,
    }
}

fn rules(calendar: &str, rules: &[Value]) -> Vec<Arc<Rule>> {
    let calendar_of =
        |rules: &[Value]| -> Calendar { serde_json::from_value(json!({ "rules": rules })).unwrap() };
    if rules.is_empty() {
        return Vec::new();
    }
    compile(&name(calendar), &calendar_of(rules)).unwrap().into_iter().map(Arc::new).collect()
}

fn rule(kind: &str, label: &str, from: i64, hours: i64) -> Value {
    let dtstart = at(from).strftime("%FT%H:%M").to_string();
    json!({ "name": label, "kind": kind, "dtstart": dtstart, "duration": format!("{hours}h"), "reason": "so it is" })
}

/// Days of the week from Monday to Thursday, nine to five.
fn office() -> Value {
    json!({ "name": "office", "kind": "allow", "dtstart": "2026-03-02T09:00", "duration": "8h",
        "rrule": "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH" })
}

fn setting<'a>(rules: &'a [Arc<Rule>], others: &'a [Change], by: Option<i64>) -> Setting<'a> {
    static NO_GRAPH: std::sync::LazyLock<shipway_engine::catalogue::graph::Graph> =
        std::sync::LazyLock::new(BTreeMap::new);
    Setting { rules, graph: &NO_GRAPH, others, now: at(0), by: by.map(at) }
}

fn fits(fate: &Fate) -> (Timestamp, Timestamp) {
    match fate {
        Fate::Fits { from, until, .. } => (*from, *until),
        other => panic!("{other:?}"),
    }
}

#[test]
fn legs_wait_for_windows_for_what_comes_before_and_for_one_another() {
    let rules = rules("hours", &[office()]);
    let others = [change("rollout of web", "web", 0, 10)];
    let legs = [leg("first", "shop", 0, 5, &[]), leg("second", "shop", 0, 5, &[0])];
    let fates = schedule(&legs, &setting(&rules, &others, None));
    // The other is over at ten, so five hours fit until three; two hours are too short for the second.
    assert_eq!(fits(&fates[0]), (at(10), at(15)));
    assert_eq!(fits(&fates[1]), (at(24 + 9), at(24 + 14)));
    let Fate::Fits { waits, .. } = &fates[0] else { unreachable!() };
    assert!(waits.iter().any(|it| it.contains("rollout of web")), "{waits:?}");
    assert!(waits.iter().any(|it| it.contains("calendar hours")), "{waits:?}");
    let Fate::Fits { waits, .. } = &fates[1] else { unreachable!() };
    assert!(waits[0].contains("leg 0, which is over at"), "{waits:?}");
}

#[test]
fn an_environment_counts_from_its_promised_date() {
    let promised = |hour: i64| Leg { promised: Some(at(hour)), ..leg("first", "shop", 0, 5, &[]) };
    let fates = schedule(&[promised(30)], &setting(&[], &[], None));
    assert_eq!(fits(&fates[0]), (at(30), at(35)));
    let Fate::Fits { waits, .. } = &fates[0] else { unreachable!() };
    assert_eq!(*waits, [format!("production is promised for {}", at(30))]);
    let fates = schedule(&[promised(30)], &setting(&[], &[], Some(34)));
    let Fate::Impossible(obstacles) = &fates[0] else { panic!("it would be over an hour too late") };
    assert_eq!((obstacles.len(), obstacles[0].kind), (1, ObstacleKind::Environment));
    // What is too late for one leg is not for another, whatever all of them are given.
    let late = |hour: i64| Leg { by: Some(at(hour)), ..leg("audit", "shop", 0, 5, &[]) };
    assert!(matches!(&schedule(&[late(4)], &setting(&[], &[], Some(40)))[0], Fate::Impossible(_)));
    assert_eq!(fits(&schedule(&[late(5)], &setting(&[], &[], Some(40)))[0]), (at(0), at(5)));
    // A date that is over says nothing.
    assert_eq!(fits(&schedule(&[promised(-10)], &setting(&[], &[], None))[0]), (at(0), at(5)));
}

#[test]
fn what_fits_nowhere_is_told_with_no_more_than_stands_in_its_way() {
    let mut all = rules("hours", &[office()]);
    // The first freeze alone closes the two days that are left; the second matters to nobody.
    all.extend(rules("law", &[rule("deny", "freeze", 0, 48), rule("deny", "past", 60, 10)]));
    let fates = schedule(&[leg("late", "shop", 0, 5, &[])], &setting(&all, &[], Some(48)));
    let Fate::Impossible(obstacles) = &fates[0] else { panic!("{fates:?}") };
    assert_eq!(obstacles.len(), 1, "{obstacles:?}");
    assert_eq!((obstacles[0].kind, &*obstacles[0].why), (ObstacleKind::Calendar, "so it is"));

    let fates = schedule(&[leg("long", "shop", 0, 50, &[])], &setting(&all, &[], Some(48)));
    let Fate::Impossible(obstacles) = &fates[0] else { panic!("{fates:?}") };
    assert_eq!(obstacles[0].kind, ObstacleKind::Deadline);
}

#[test]
fn what_needs_something_impossible_says_so() {
    let all = rules("law", &[rule("deny", "freeze", 0, 24 * 400)]);
    let legs = [leg("a", "shop", 0, 1, &[]), leg("b", "web", 0, 1, &[0]), leg("c", "pay", 0, 1, &[1])];
    let fates = schedule(&legs, &setting(&all, &[], None));
    assert!(matches!(&fates[0], Fate::Impossible(obstacles) if obstacles.len() == 1));
    assert_eq!(fates[1..], [Fate::Behind(0), Fate::Behind(1)]);
}

/// A small case, all of it at whole hours.
#[derive(Debug, Clone)]
struct Case {
    denies: Vec<(i64, i64)>,
    allows: Vec<(i64, i64)>,
    others: Vec<(i64, i64)>,
    legs: Vec<(i64, i64, bool)>,
    by: Option<i64>,
}

fn cases() -> impl Strategy<Value = Case> {
    let spans = |most| proptest::collection::vec((0..DAYS * 24, 1..20i64), 0..most);
    let legs = proptest::collection::vec((0..24i64, 1..8i64, any::<bool>()), 1..4);
    (spans(4), spans(5), spans(4), legs, proptest::option::of(6..DAYS * 24))
        .prop_map(|(denies, allows, others, legs, by)| Case { denies, allows, others, legs, by })
}

/// What binds one leg, by the title that an obstacle has.
type Bounds = BTreeMap<String, Bound>;

enum Bound {
    Deny(i64, i64),
    Windows(Vec<(i64, i64)>),
    Other(i64, i64),
    Order(i64),
}

/// The first hour at which a leg goes, found by trying each.
fn first_hour(from: i64, hours: i64, by: Option<i64>, bounds: &Bounds) -> Option<i64> {
    let last = by.map_or(24 * 370, |it| it - hours);
    (from..=last).find(|start| {
        let span = *start..start + hours;
        bounds.values().all(|bound| match bound {
            Bound::Deny(at, long) | Bound::Other(at, long) => span.end <= *at || at + long <= span.start,
            Bound::Windows(windows) => {
                span.clone().all(|hour| windows.iter().any(|(at, long)| *at <= hour && hour < at + long))
            }
            Bound::Order(end) => *end <= span.start,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_earliest_are_those_of_a_search_and_obstacles_are_smallest(case in cases()) {
        let numbered = |kind: &'static str, of: &[(i64, i64)]| -> Vec<Value> {
            of.iter().enumerate().map(|(idx, (from, hours))| rule(kind, &format!("{kind}{idx}"), *from, *hours)).collect()
        };
        let mut all = rules("law", &numbered("deny", &case.denies));
        all.extend(rules("hours", &numbered("allow", &case.allows)));
        let others: Vec<Change> = case.others.iter().enumerate()
            .map(|(idx, (from, hours))| change(&format!("other {idx}"), "shop", *from, *hours)).collect();
        let legs: Vec<Leg> = case.legs.iter().enumerate().map(|(idx, (from, hours, follows))| {
            let after: Vec<usize> = idx.checked_sub(1).filter(|_| *follows).into_iter().collect();
            leg(&format!("placed {idx}"), "shop", *from, *hours, &after)
        }).collect();
        let fates = schedule(&legs, &setting(&all, &others, case.by));

        let mut placed: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for (idx, fate) in fates.iter().enumerate() {
            let (from, hours, follows) = case.legs[idx];
            let mut bounds = Bounds::new();
            for rule in all.iter().filter(|it| it.declared.kind == RuleKind::Deny) {
                let (at, long) = case.denies[rule.declared.name.as_str()[4..].parse::<usize>().unwrap()];
                bounds.insert(rule.title(), Bound::Deny(at, long));
            }
            if !case.allows.is_empty() {
                bounds.insert("calendar hours".to_owned(), Bound::Windows(case.allows.clone()));
            }
            for (other, (at, long)) in case.others.iter().enumerate() {
                bounds.insert(format!("other {other}"), Bound::Other(*at, *long));
            }
            for (title, (at, until)) in &placed {
                bounds.insert(title.clone(), Bound::Other(*at, until - at));
            }
            if follows && idx > 0 {
                match placed.get(&format!("placed {}", idx - 1)) {
                    Some((_, until)) => { bounds.insert(format!("leg {}", idx - 1), Bound::Order(*until)); }
                    None => {
                        prop_assert_eq!(fate, &Fate::Behind(idx - 1));
                        continue;
                    }
                }
            }
            let expected = first_hour(from, hours, case.by, &bounds);
            match fate {
                Fate::Fits { from, until, .. } => {
                    prop_assert_eq!(expected.map(at), Some(*from));
                    prop_assert_eq!(*until, *from + SignedDuration::from_hours(hours));
                    let begun = expected.unwrap();
                    placed.insert(format!("placed {idx}"), (begun, begun + hours));
                }
                Fate::Impossible(obstacles) => {
                    prop_assert_eq!(expected, None);
                    let is_named = |title: &String| obstacles.iter().any(|it| it.with == *title);
                    if obstacles[0].kind == ObstacleKind::Deadline {
                        prop_assert_eq!(first_hour(from, hours, case.by, &Bounds::new()), None);
                        continue;
                    }
                    bounds.retain(|title, _| is_named(title));
                    prop_assert_eq!(bounds.len(), obstacles.len(), "{:?}", obstacles);
                    prop_assert_eq!(first_hour(from, hours, case.by, &bounds), None);
                    for it in obstacles {
                        let gone = bounds.remove(&it.with).unwrap();
                        prop_assert!(first_hour(from, hours, case.by, &bounds).is_some(), "{} is not needed", it.with);
                        bounds.insert(it.with.clone(), gone);
                    }
                }
                Fate::Behind(_) => prop_assert!(false, "what it needs fits"),
            }
        }
    }
}

fn asked(timing: Timing) -> Word {
    let hours: Vec<Hours> = serde_json::from_value(json!([
        { "days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00" },
    ]))
    .unwrap();
    let hours = vec![WorkingHours::new(&hours, Some("UTC"))];
    Word { title: "the word of ana".to_owned(), hours, needed: 1, timing }
}

#[test]
fn a_leg_waits_until_whoever_is_asked_is_there() {
    for timing in [Timing::Before, Timing::Within] {
        let mut leg = leg("shop into production", "shop", 0, 2, &[]);
        let saturday = "2026-03-07T12:00:00Z".parse().unwrap();
        leg.change =
            Change { from: saturday, until: saturday + jiff::SignedDuration::from_hours(2), ..leg.change };
        leg.words = vec![asked(timing)];
        let graph = BTreeMap::default();
        let setting = Setting { rules: &[], graph: &graph, others: &[], now: saturday, by: None };
        let fates = schedule(std::slice::from_ref(&leg), &setting);
        let Fate::Fits { from, waits, .. } = &fates[0] else { panic!("{fates:?}") };
        assert_eq!(*from, "2026-03-09T09:00:00Z".parse().unwrap());
        assert_eq!(waits, &["the word of ana, which cannot be given before 2026-03-09T09:00:00Z"]);
        // On Sunday it is only the hours that stand in its way.
        let by = Some("2026-03-08T12:00:00Z".parse().unwrap());
        let fates = schedule(&[leg], &Setting { by, ..setting });
        let Fate::Impossible(obstacles) = &fates[0] else { panic!("{fates:?}") };
        assert_eq!(obstacles.iter().map(|it| it.kind).collect::<Vec<_>>(), [ObstacleKind::Hours]);
    }
}
