//! What gets in a change's way: every kind, why it matters, and when nothing does any more.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shipway_engine::calendar::conflict::{Change, Conflict, ConflictKind, Surroundings, conflicts};
use shipway_engine::calendar::{Subject, Timeline};
use shipway_engine::catalogue::graph;
use shipway_model::Name;

use super::{at, rules};
use crate::world::{World, name, resource, resources, service};

const FROM: &str = "2027-01-15T09:00:00Z";
const UNTIL: &str = "2027-01-15T10:00:00Z";

/// web → checkout → catalogue of the shop, and app, which needs the library that is built on web.
fn graph_of_shop() -> graph::Graph {
    let mut world = World::with_shop(json!({}));
    let library =
        resource("Library", "client", json!({ "owner": "shop", "dependsOn": [{ "service": "web" }] }));
    let mut app = service("app", &[]);
    app["spec"]["dependsOn"] = json!([{ "library": "client" }]);
    let resources = resources(&[library, app]);
    world.ask(shipway_engine::Command::ApplyResources { resources }).unwrap();
    graph::graph(&world.state.catalogue)
}

fn change(service: &str) -> Change {
    Change {
        title: format!("the rollout of {service}"),
        services: BTreeSet::from([name(service)]),
        environment: name("production"),
        from: at(FROM),
        until: at(UNTIL),
        people: BTreeSet::new(),
        targets: BTreeSet::new(),
    }
}

fn found(change: &Change, others: &[Change], declared: Value) -> Vec<Conflict> {
    let graph = graph_of_shop();
    let timeline = Timeline::around(rules(declared), change.from);
    let subject = |service: &Name| Subject {
        service: Some(service.clone()),
        environment: Some(change.environment.clone()),
        vendors: BTreeSet::from([name("payments")]),
        ..Subject::default()
    };
    let subjects: Vec<Subject> = change.services.iter().map(subject).collect();
    let around = Surroundings { others, graph: &graph, timeline: &timeline, lifts: &[], subjects: &subjects };
    conflicts(change, &around)
}

/// The one conflict of `change` with `other`, and that an hour later there is none.
#[track_caller]
fn check(change: &Change, other: Change, kind: ConflictKind, why: &str) {
    let found = found(change, std::slice::from_ref(&other), json!([]));
    assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), [kind], "{found:?}");
    assert!(found[0].why.contains(why), "{}", found[0].why);
    assert_eq!(found[0].with, other.title);
    assert_eq!(found[0].next.unwrap().from, at(UNTIL), "the next slot begins when the other has ended");
    let mut later = change.clone();
    (later.from, later.until) = (at(UNTIL), at("2027-01-15T11:00:00Z"));
    assert_eq!(self::found(&later, &[other], json!([])), []);
}

#[test]
fn two_changes_of_one_service_or_of_what_it_needs_are_told_apart() {
    check(&change("web"), change("web"), ConflictKind::SameService, "both change web");
    check(&change("web"), change("checkout"), ConflictKind::Dependency, "web needs checkout");
    check(&change("checkout"), change("web"), ConflictKind::Dependant, "web needs checkout");
}

#[test]
fn the_blast_radius_of_another_change_is_followed_through_services_and_libraries() {
    let why = "a fault of the other reaches this one: app needs client needs web needs checkout";
    check(&change("app"), change("checkout"), ConflictKind::BlastRadius, why);
    check(
        &change("checkout"),
        change("app"),
        ConflictKind::BlastRadius,
        "a fault of this one reaches the other",
    );
    check(&change("app"), change("web"), ConflictKind::BlastRadius, "app needs client needs web");
}

#[test]
fn an_environment_or_hosts_that_are_shared_are_a_conflict_of_their_own() {
    let mut lonely = change("lonely");
    check(&change("web"), lonely.clone(), ConflictKind::SharedEnvironment, "both change production");
    let mut own = change("web");
    own.targets = BTreeSet::from([name("host-a")]);
    lonely.environment = name("staging");
    assert_eq!(found(&own, &[lonely.clone()], json!([])), [], "elsewhere, on other hosts");
    lonely.targets = BTreeSet::from([name("host-a"), name("host-b")]);
    check(&own, lonely, ConflictKind::SharedEnvironment, "both touch host-a");
}

#[test]
fn people_who_are_needed_twice_or_away_are_named() {
    let mut own = change("web");
    own.people = BTreeSet::from(["ana".to_owned(), "ben".to_owned()]);
    let mut other = change("web");
    other.environment = name("staging");
    other.people = BTreeSet::from(["ben".to_owned()]);
    check(&own, other, ConflictKind::People, "ben is needed for both");
    let leave = json!([{
        "name": "leave", "kind": "deny", "purpose": "on-call", "dtstart": "2027-01-15", "duration": "1d",
        "people": ["ana"], "scope": { "services": ["other"] },
    }]);
    let away = found(&own, &[], leave);
    assert_eq!((away.len(), away[0].kind, &*away[0].why), (1, ConflictKind::People, "ana is away"));
    // Midnight in Berlin.
    assert_eq!(away[0].next.unwrap().from, at("2027-01-15T23:00:00Z"));
}

#[test]
fn vendors_who_are_away_and_closed_calendars_are_told_with_when_they_open() {
    let vendor = json!([{
        "name": "maintenance", "kind": "deny", "purpose": "vendor", "dtstart": "2027-01-15T10:30", "duration": "1h",
        "scope": { "vendors": ["payments"] }, "binds": ["emergencies"],
    }]);
    let met = found(&change("web"), &[], vendor);
    assert_eq!(met.iter().map(|it| it.kind).collect::<Vec<_>>(), [ConflictKind::VendorWindow], "{met:?}");
    assert_eq!(met[0].why, "web depends on payments, which is away");
    // 11:30 in Berlin.
    assert_eq!(met[0].next.unwrap().from, at("2027-01-15T10:30:00Z"));
    let window = json!([{ "name": "early", "kind": "allow", "dtstart": "2027-01-15T09:00", "duration": "90m",
                          "rrule": "FREQ=DAILY" }]);
    let closed = found(&change("web"), &[], window);
    assert_eq!(closed.iter().map(|it| it.kind).collect::<Vec<_>>(), [ConflictKind::Closed]);
    assert_eq!(closed[0].why, "the window closes at 2027-01-15T09:30:00Z, before the change ends");
    assert_eq!(closed[0].next.unwrap().from, at("2027-01-16T08:00:00Z"), "tomorrow, whole");
}
