//! Alerts from outside: recorded once, with what lies before them, and what they do to rollouts.

use serde_json::json;
use shipway_engine::alert::Notice;
use shipway_engine::{Command, Phase};
use shipway_model::alert::{Alert, Culprit, Marker};
use shipway_model::effect::{Effect, Order};
use shipway_model::event::{Body, Cause, End, Scope};
use shipway_model::{AlertId, RolloutId};

use crate::world::{World, name, resource, resources, service};

fn alert(world: &World, fingerprint: &str, labels: &[(&str, &str)]) -> Alert {
    Alert {
        fingerprint: fingerprint.to_owned(),
        name: "ManyFailedOrders".to_owned(),
        labels: labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        annotations: [("summary".to_owned(), "one order in ten fails".to_owned())].into(),
        starts_at: world.now,
        url: None,
    }
}

fn receive(world: &mut World, alert: &Alert, is_over: bool) -> Vec<Body> {
    let id = AlertId::from_uuid(crate::world::uuid_from(world.uuid()));
    let ended_at = is_over.then_some(world.now);
    let notices = vec![Notice { id, alert: alert.clone(), ended_at }];
    world.ask_as("alertmanager", Command::ReceiveAlerts { notices }).unwrap()
}

fn of_checkout(world: &World) -> Alert {
    alert(world, "f1", &[("service", "checkout"), ("environment", "production")])
}

/// 1.0.0 stands everywhere, and 1.1.0 of checkout is on its way: its canary takes traffic, and is judged.
fn shipping(environment: serde_json::Value) -> (World, RolloutId) {
    let mut environment = environment;
    environment["strategies"] = json!({ "checkout": "canary" });
    let mut world = World::with_shop(environment);
    world.ship("1.0.0", &[("checkout", "1.0.0"), ("catalogue", "1.0.0"), ("web", "1.0.0")]);
    world.pass(60);
    let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
    let id = world.start(release);
    until(&mut world, |it| matches!(it.order, Order::Analyse { .. }));
    world.pass(30);
    (world, id)
}

fn until(world: &mut World, is_last: impl Fn(&Effect) -> bool) {
    for _ in 0..1000 {
        let effects = world.effects();
        let Some(effect) = effects.iter().find(|it| !is_last(it)).cloned() else { return };
        let outcome = world.act(&effect);
        world.ask(Command::Report { key: effect.key, outcome }).unwrap();
    }
    panic!("it never comes to rest");
}

#[test]
fn an_alert_is_recorded_once_however_often_it_is_told() {
    let mut world = World::with_shop(json!({}));
    let told = of_checkout(&world);
    assert!(matches!(&receive(&mut world, &told, false)[..], [Body::AlertFired { .. }]));
    assert_eq!(receive(&mut world, &told, false), []);
    assert!(matches!(&receive(&mut world, &told, true)[..], [Body::AlertResolved { .. }]));
    assert_eq!(receive(&mut world, &told, true), []);
    assert_eq!(receive(&mut world, &told, false), [], "an old notice does not make it fire again");
    let never_heard_of = alert(&world, "f2", &[]);
    assert_eq!(receive(&mut world, &never_heard_of, true), []);
    let mut earlier = told.clone();
    earlier.starts_at = world.now.checked_sub(jiff::SignedDuration::from_secs(5)).unwrap();
    assert_eq!(receive(&mut world, &earlier, false), [], "another sender saw it a little before");
    let [it] = &world.state.alerts.iter().collect::<Vec<_>>()[..] else { panic!("there is one") };
    assert!(it.by == "alertmanager" && it.ended_at.is_some(), "{it:?}");
}

#[test]
fn one_that_fires_again_is_another_even_if_nobody_told_of_the_end_of_the_first() {
    let mut world = World::with_shop(json!({}));
    let told = of_checkout(&world);
    receive(&mut world, &told, false);
    receive(&mut world, &told, true);
    world.pass(60);
    let again = of_checkout(&world);
    assert!(matches!(&receive(&mut world, &again, false)[..], [Body::AlertFired { .. }]));
    world.pass(60);
    let third = of_checkout(&world);
    let bodies = receive(&mut world, &third, false);
    assert!(matches!(&bodies[..], [Body::AlertResolved { .. }, Body::AlertFired { .. }]), "{bodies:?}");
    assert_eq!(world.state.alerts.iter().filter(|it| it.ended_at.is_none()).count(), 1);
}

#[test]
fn what_lies_before_an_alert_is_ranked_by_the_way_that_leads_there() {
    let mut world = World::with_shop(json!({}));
    let of_payments = resources(&[service("payments", &[])]);
    world.ask(Command::ApplyResources { resources: of_payments }).unwrap();
    world.ship("1.0.0", &[("catalogue", "1.0.0")]);
    world.pass(25 * 3600);
    let of_web = world.ship("1.1.0", &[("web", "1.1.0")]);
    world.pass(600);
    let of_checkout_itself = world.ship("1.2.0", &[("checkout", "1.2.0")]);
    world.pass(600);
    let of_what_it_needs = world.ship("1.3.0", &[("catalogue", "1.3.0")]);
    world.pass(600);
    let unrelated = world.ship("1.4.0", &[("payments", "1.4.0")]);
    world.pass(60);
    let strategy = resource("Strategy", "rolling", json!({ "rolling": { "maxSurge": 2 } }));
    world.ask(Command::ApplyResources { resources: resources(&[strategy]) }).unwrap();
    world.pass(60);
    let told = of_checkout(&world);
    let bodies = receive(&mut world, &told, false);
    let [Body::AlertFired { suspects, .. }] = &bodies[..] else { panic!("{bodies:?}") };
    let rollout = |culprit: &Culprit| match culprit {
        Culprit::Rollout { id, .. } => Some(*id),
        Culprit::Resource { .. } | Culprit::Marker { .. } => None,
    };
    let rollouts: Vec<RolloutId> = suspects.iter().filter_map(|it| rollout(&it.what)).collect();
    // What was shipped 25 hours before lies beyond the horizon.
    assert_eq!(rollouts, [of_checkout_itself, of_what_it_needs, of_web, unrelated]);
    let ways: Vec<_> = suspects.iter().map(|it| it.distance).collect();
    assert_eq!(ways, [Some(0), Some(1), Some(1), None, None]);
    assert!(suspects[1].reason.contains("which checkout needs directly"), "{}", suspects[1].reason);
    assert!(suspects[2].reason.contains("which needs checkout directly"), "{}", suspects[2].reason);
    // Of two to which nothing leads the later one comes first.
    assert!(matches!(suspects[3].what, Culprit::Resource { .. }), "{suspects:?}");
}

/// What its teller says when, of which service and where.
fn mark(world: &mut World, what: &str, service: Option<&str>, environment: Option<&str>) {
    let (service, environment) = (service.map(name), environment.map(name));
    let marker = Marker { what: what.to_owned(), at: world.now, service, environment };
    world.ask_as("flags", Command::SetMarker { marker }).unwrap();
}

#[test]
fn a_change_elsewhere_is_named_by_the_alerts_after_it() {
    let mut world = World::with_shop(json!({}));
    mark(&mut world, "flag old: on to off", Some("checkout"), None);
    world.pass(25 * 3600);
    mark(&mut world, "flag new-checkout: off to on", Some("checkout"), Some("production"));
    mark(&mut world, "a vendor moved", None, None);
    mark(&mut world, "flag new-checkout: off to on", Some("checkout"), Some("staging"));
    world.pass(90);
    let told = of_checkout(&world);
    let bodies = receive(&mut world, &told, false);
    let [Body::AlertFired { suspects, .. }] = &bodies[..] else { panic!("{bodies:?}") };
    let marked = suspects.iter().filter_map(|it| match &it.what {
        Culprit::Marker { what } => {
            Some((what.as_str(), it.reason.as_str(), it.environment.as_ref().map(ToString::to_string)))
        }
        Culprit::Rollout { .. } | Culprit::Resource { .. } => None,
    });
    // What changed 25 hours before lies beyond the horizon; what is of the alert's service comes first, and elsewhere last.
    let flag = ("flag new-checkout: off to on", "it changes checkout itself, 1m 30s before");
    assert_eq!(
        marked.collect::<Vec<_>>(),
        [
            (flag.0, flag.1, Some("production".to_owned())),
            ("a vendor moved", "it names no service, and changed 1m 30s before", None),
            (flag.0, flag.1, Some("staging".to_owned())),
        ]
    );
}

#[test]
fn an_alert_about_what_is_shipped_does_what_the_environment_says() {
    let check = |action: &str, expect: fn(&Phase) -> bool| {
        let (mut world, id) = shipping(json!({ "onAlert": action }));
        let told = of_checkout(&world);
        receive(&mut world, &told, false);
        assert!(expect(world.phase(id)), "{action}: {:?}", world.phase(id));
        world
    };
    check("tell", |it| *it == Phase::Running);
    check("hold", |it| matches!(it, Phase::Halted { reason, .. } if reason.contains("ManyFailedOrders")));
    let mut world = check("rollback", |it| *it == Phase::Unwinding);
    world.run_well();
    let back = world.standing().iter().filter(|it| it.starts_with("checkout 1.0.0")).count();
    assert_eq!(back, 3, "{:?}", world.standing());
}

#[test]
fn an_alert_about_something_else_stops_nothing() {
    let elsewhere: [&[(&str, &str)]; 4] = [
        &[("service", "web"), ("environment", "production")],
        &[("service", "checkout"), ("environment", "staging")],
        &[("service", "checkout")],
        &[("environment", "production")],
    ];
    for labels in elsewhere {
        let (mut world, id) = shipping(json!({ "onAlert": "rollback" }));
        let told = alert(&world, "f1", labels);
        receive(&mut world, &told, false);
        assert_eq!(*world.phase(id), Phase::Running, "{labels:?}");
    }
    let (mut world, id) = shipping(json!({ "onAlert": "rollback" }));
    let mut before = of_checkout(&world);
    before.starts_at = world.now.checked_sub(jiff::SignedDuration::from_mins(10)).unwrap();
    receive(&mut world, &before, false);
    assert_eq!(*world.phase(id), Phase::Running, "it fired before the rollout began");
}

#[test]
fn a_retry_goes_on_although_the_alert_still_fires() {
    let (mut world, id) = shipping(json!({ "onAlert": "hold" }));
    let told = of_checkout(&world);
    receive(&mut world, &told, false);
    receive(&mut world, &told, false);
    world.ask(Command::Retry { id }).unwrap();
    assert_eq!(*world.phase(id), Phase::Running);
    world.run_well();
    assert!(matches!(world.phase(id), Phase::Ended(End::Succeeded { .. })), "{:?}", world.phase(id));
}

#[test]
fn within_the_window_of_its_watch_an_alert_takes_a_rollout_back_or_pauses_the_service() {
    let watched = |action: &str, wait_s: i64| {
        let environment = json!({ "onAlert": action, "strategy": "rolling" });
        let mut world = World::with_shop(environment);
        let watching = json!({ "rolling": { "watch": { "window": "1h", "duration": "2h" } } });
        let strategy = resource("Strategy", "rolling", watching);
        world.ask(Command::ApplyResources { resources: resources(&[strategy]) }).unwrap();
        world.ship("1.0.0", &[("checkout", "1.0.0")]);
        let release = world.seal("1.1.0", &[("checkout", "1.1.0")]);
        let id = world.start(release);
        until(&mut world, |it| matches!(it.order, Order::Watch { .. }));
        world.pass(wait_s);
        let told = of_checkout(&world);
        receive(&mut world, &told, false);
        (world, id)
    };
    let (world, id) = watched("rollback", 600);
    assert!(matches!(&world.rollout(id).cause, Some(Cause::AlertFired { .. })), "{:?}", world.phase(id));
    let (world, _) = watched("hold", 600);
    assert!(world.state.pauses.iter().any(|it| it.scope == Scope::Service(name("checkout"))));
    let (world, id) = watched("rollback", 3660);
    assert!(world.rollout(id).cause.is_none(), "the window is over");
}
