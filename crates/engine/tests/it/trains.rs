//! Trains and bookings: what leaves when, what stays behind, and whom a booking keeps out.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use shipway_engine::train::{departures, due, endangered, known, manifest};
use shipway_engine::{Code, Command};
use shipway_model::RolloutId;
use shipway_model::event::Body;

use crate::world::{World, name, resource, resources, uuid_from};

const BEGIN: &str = "2027-01-15T08:00:00Z";
const DEPARTURE: &str = "2027-01-15T10:00:00Z";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn declare(world: &mut World, kind: &str, label: &str, spec: Value) -> Result<(), shipway_engine::Rejection> {
    let resources = resources(&[resource(kind, label, spec)]);
    world.ask_as("root", Command::ApplyResources { resources }).map(drop)
}

/// The shop on Friday at 08:00, and a train of web that leaves at 10:00.
fn station(train: Value) -> World {
    let mut world = World::with_shop(json!({ "strategy": "rolling" }));
    world.ship("1.0.0", &[("web", "1.0.0")]);
    world.now = at(BEGIN);
    let mut spec = json!({
        "environment": "production", "services": ["web"], "dtstart": "2027-01-15T10:00", "rrule": "FREQ=WEEKLY",
        "boarding": "1h",
    });
    spec.as_object_mut().unwrap().extend(train.as_object().unwrap().clone());
    declare(&mut world, "Train", "weekly", spec).unwrap();
    world
}

fn left(world: &World) -> Vec<String> {
    let train = known(&world.state, &name("weekly")).unwrap();
    let manifest = manifest(&world.state, &name("weekly"), train, at(DEPARTURE), &BTreeSet::new(), world.now);
    manifest.left.into_iter().map(|(service, why)| format!("{service}: {why}")).collect()
}

fn depart(world: &mut World) -> Vec<Body> {
    let ids = vec![RolloutId::from_uuid(uuid_from(world.uuid()))];
    let command =
        Command::DepartTrain { train: name("weekly"), departure: at(DEPARTURE), ids, fits: BTreeSet::new() };
    world.ask_as("shipway", command).unwrap()
}

#[test]
fn a_train_leaves_once_with_what_was_sealed_in_time() {
    let mut world = station(json!({}));
    let train = known(&world.state, &name("weekly")).unwrap().clone();
    let next = departures(&name("weekly"), &train, world.now);
    assert_eq!(next[..2], [at(DEPARTURE), at("2027-01-22T10:00:00Z")]);
    let stays = left(&world);
    assert!(stays[0].ends_with("@1.0.0, its newest release, is there already"), "{stays:?}");
    world.seal("2.0.0", &[("web", "2.0.0")]);
    world.now = at("2027-01-15T09:30:00Z");
    world.seal("3.0.0", &[("web", "3.0.0")]);
    assert!(due(&world.state, world.now).is_empty());
    world.now = at(DEPARTURE);
    assert_eq!(due(&world.state, world.now), [(name("weekly"), at(DEPARTURE))]);
    let events = depart(&mut world);
    let queued = events.iter().find_map(|it| match it {
        Body::RolloutQueued { plan, .. } => Some(plan.release.version.to_string()),
        _ => None,
    });
    assert_eq!(queued.as_deref(), Some("2.0.0"), "what was sealed after boarding takes the next one");
    assert!(matches!(events.last(), Some(Body::TrainDeparted { rollouts, .. }) if rollouts.len() == 1));
    assert!(due(&world.state, world.now).is_empty());
    assert!(depart(&mut world).is_empty(), "it has left");
}

#[test]
fn a_departure_that_was_missed_for_long_does_not_leave() {
    let mut world = station(json!({}));
    world.now = at("2027-01-15T11:00:01Z");
    assert!(due(&world.state, world.now).is_empty());
    assert!(depart(&mut world).is_empty());
}

#[test]
fn a_risky_coach_is_uncoupled() {
    let mut world = station(json!({ "riskFrom": 1 }));
    world.seal("2.0.0", &[("web", "2.0.0")]);
    let left = left(&world);
    assert!(left[0].starts_with("web: uncoupled: the risk of "), "{left:?}");
    assert!(left[0].ends_with("and the train takes less than 1"), "{left:?}");
}

#[test]
fn an_open_promise_keeps_its_members_back_and_is_told_once_to_each() {
    let promise = json!({
        "name": "api", "vendor": "payments", "what": "The new API.", "by": "2027-01-15T09:00:00Z",
        "escalate": [{ "to": "ana", "before": "2h" }, { "to": "boss" }],
    });
    let mut world = World::with_shop(json!({}));
    declare(&mut world, "Vendor", "payments", json!({})).unwrap();
    world.now = at("2027-01-15T07:30:00Z");
    let spec = |promise: &Value| {
        json!({
            "environment": "production", "services": ["web"], "dtstart": "2027-01-15T10:00",
            "promises": [promise],
        })
    };
    declare(&mut world, "Train", "weekly", spec(&promise)).unwrap();
    world.seal("1.0.0", &[("web", "1.0.0")]);
    assert_eq!(left(&world), ["web: it waits for api of vendor payments, promised for 2027-01-15T09:00:00Z"]);
    let told = |world: &mut World| -> Vec<String> {
        let events = world.ask_as("shipway", Command::WarnOfPromises {}).unwrap();
        let whom = |it: Body| match it {
            Body::TrainEndangered { to, .. } => Some(to),
            _ => None,
        };
        events.into_iter().filter_map(whom).collect()
    };
    assert_eq!(told(&mut world), ["ana"]);
    assert!(told(&mut world).is_empty());
    world.now = at("2027-01-15T09:00:00Z");
    assert_eq!(told(&mut world), ["boss"]);
    let mut kept = promise;
    kept["kept"] = json!("2027-01-15T08:30:00Z");
    declare(&mut world, "Train", "weekly", spec(&kept)).unwrap();
    assert!(endangered(&world.state, world.now).is_empty());
    world.now = at(DEPARTURE);
    assert!(left(&world).is_empty());
}

/// Members that vendors have moved, as the ledger tells it now.
fn moved(world: &mut World) -> Vec<(String, Option<String>)> {
    let events = world.ask_as("shipway", Command::WarnOfPromises {}).unwrap();
    let told = |it: Body| match it {
        Body::TrainMoved { service, to, .. } => Some((service.to_string(), to.map(|it| it.to_string()))),
        _ => None,
    };
    events.into_iter().filter_map(told).collect()
}

#[test]
fn a_vendors_delay_moves_its_members_and_its_delivery_moves_them_back_each_told_once() {
    let mut world = World::with_shop(json!({}));
    declare(&mut world, "Vendor", "payments", json!({})).unwrap();
    world.now = at(BEGIN);
    let mut weekly = json!({
        "environment": "production", "services": ["web", "checkout"], "dtstart": "2027-01-15T10:00", "rrule": "FREQ=WEEKLY",
        "promises": [{
            "name": "api", "vendor": "payments", "what": "The new API.", "by": "2027-01-15T09:00:00Z", "services": ["web"],
        }],
    });
    declare(&mut world, "Train", "weekly", weekly.clone()).unwrap();
    assert!(moved(&mut world).is_empty(), "it may still be kept in time");
    weekly["promises"][0]["expected"] = json!("2027-01-23T09:00:00Z");
    declare(&mut world, "Train", "weekly", weekly.clone()).unwrap();
    assert_eq!(moved(&mut world), [("web".to_owned(), Some("2027-01-29T10:00:00Z".to_owned()))]);
    assert!(moved(&mut world).is_empty(), "it is told once");
    weekly["promises"][0]["expected"] = json!("2027-01-20T09:00:00Z");
    declare(&mut world, "Train", "weekly", weekly.clone()).unwrap();
    assert_eq!(moved(&mut world), [("web".to_owned(), Some("2027-01-22T10:00:00Z".to_owned()))]);
    weekly["promises"][0]["kept"] = json!("2027-01-15T07:00:00Z");
    declare(&mut world, "Train", "weekly", weekly).unwrap();
    assert_eq!(moved(&mut world), [("web".to_owned(), Some(DEPARTURE.to_owned()))]);
}

#[test]
fn a_vendor_who_is_away_when_the_train_leaves_moves_who_depends_on_it() {
    let mut world = station(json!({ "services": ["web", "checkout"] }));
    declare(&mut world, "Vendor", "payments", json!({})).unwrap();
    let mut web = crate::world::service("web", &["checkout"])["spec"].clone();
    web["dependsOn"].as_array_mut().unwrap().push(json!({ "vendor": "payments" }));
    declare(&mut world, "Service", "web", web).unwrap();
    assert!(moved(&mut world).is_empty());
    // The third Friday of each month, which is the first departure.
    let window = json!({ "rule": "FREQ=MONTHLY;BYDAY=3FR;BYHOUR=9", "timeZone": "UTC", "duration": "2h" });
    declare(&mut world, "Vendor", "payments", json!({ "maintenanceWindows": [window] })).unwrap();
    assert_eq!(moved(&mut world), [("web".to_owned(), Some("2027-01-22T10:00:00Z".to_owned()))]);
    world.seal("2.0.0", &[("web", "2.0.0"), ("checkout", "2.0.0")]);
    let left = left(&world);
    assert!(
        left.iter().any(|it| it.starts_with("web: ") && it.contains("away from 2027-01-15T09:00:00Z")),
        "{left:?}"
    );
}

#[test]
fn what_fits_by_its_contracts_leaves_without_what_is_uncoupled() {
    let mut world = World::with_shop(json!({ "strategy": "rolling" }));
    let mut critical = crate::world::service("checkout", &["catalogue"])["spec"].clone();
    critical["criticality"] = json!("critical");
    declare(&mut world, "Service", "checkout", critical).unwrap();
    world.ship("1.0.0", &[("web", "1.0.0"), ("checkout", "1.0.0")]);
    world.now = at(BEGIN);
    let spec = |limit: u32| {
        json!({
            "environment": "production", "services": ["web", "checkout"], "dtstart": "2027-01-15T10:00",
            "boarding": "1h", "riskFrom": limit,
        })
    };
    declare(&mut world, "Train", "weekly", spec(1000)).unwrap();
    let web = world.seal("2.0.0", &[("web", "2.0.0")]);
    let checkout = world.seal("3.0.0", &[("checkout", "3.0.0")]);
    let aboard =
        |world: &World, fits: &BTreeSet<shipway_model::ReleaseId>| -> Vec<shipway_model::ReleaseId> {
            let train = known(&world.state, &name("weekly")).unwrap();
            let manifest = manifest(&world.state, &name("weekly"), train, at(DEPARTURE), fits, world.now);
            manifest.coaches.iter().map(|it| it.release).collect()
        };
    assert_eq!(aboard(&world, &BTreeSet::new()), [checkout, web]);
    let train = known(&world.state, &name("weekly")).unwrap();
    let coaches =
        manifest(&world.state, &name("weekly"), train, at(DEPARTURE), &BTreeSet::new(), world.now).coaches;
    let risk = |id| coaches.iter().find(|it| it.release == id).unwrap().risk;
    assert!(risk(checkout) > risk(web), "{} {}", risk(checkout), risk(web));
    declare(&mut world, "Train", "weekly", spec(risk(checkout))).unwrap();
    assert!(aboard(&world, &BTreeSet::new()).is_empty(), "by the graph, web needs checkout");
    assert_eq!(
        aboard(&world, &BTreeSet::from([web])),
        [web],
        "by its contracts, it does not need the new one"
    );
    assert!(
        aboard(&world, &BTreeSet::from([checkout])).is_empty(),
        "what is too risky stays whatever it fits"
    );
}

#[test]
fn a_booking_holds_what_other_teams_ask_for_until_it_is_over() {
    let mut world = station(json!({}));
    declare(&mut world, "Team", "loaders", json!({})).unwrap();
    let booking = |team: &str, priority: u8| {
        json!({
            "environment": "production", "team": team, "from": BEGIN, "until": "2027-01-15T12:00:00Z",
            "reason": "A rehearsal.", "priority": priority,
        })
    };
    declare(&mut world, "Booking", "load-test", booking("loaders", 1)).unwrap();
    let release = world.seal("2.0.0", &[("web", "2.0.0")]);
    let id = world.start(release);
    world.pass(0);
    let held = world.state.rollouts.live[&id].held.as_ref().expect("it is held");
    assert!(held.reason.contains("the booking load-test of team loaders holds until"), "{}", held.reason);
    assert_eq!(held.next, Some(at("2027-01-15T12:00:00Z")));

    let owner = world.state.catalogue.service(&name("web")).unwrap().owner.to_string();
    let refused = declare(&mut world, "Booking", "other", booking(&owner, 1)).unwrap_err();
    assert_eq!(refused.code, Code::InvalidDeclarations);
    assert!(refused.faults[0].contains("overlaps Booking load-test of team loaders"), "{refused:?}");
    // Above it, the environment is the owner's own, and what waited goes.
    declare(&mut world, "Booking", "other", booking(&owner, 2)).unwrap();
    world.pass(0);
    assert!(world.state.rollouts.live[&id].started.is_some());
}
