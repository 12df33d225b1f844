//! Channels: what waits to be told where, until it was or is given up.

use std::collections::BTreeSet;

use serde_json::json;
use shipway_engine::channel::{self, GIVE_UP_AFTER, Message};
use shipway_engine::rollout::CallOutcome;
use shipway_engine::{Code, Command, Phase};
use shipway_model::effect::Order;
use shipway_model::event::Body;
use shipway_model::release::Class;
use shipway_model::resource::channel::Occasion;
use shipway_model::{Digest, RolloutId};

use super::{declare, protected, seal};
use crate::world::{World, failed, name, resource, resources, shop};

/// A change whose owners are reminded after an hour, and a Channel that hears of it.
fn reminded() -> World {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true },
          "sla": { "remindAfter": "1h", "escalateAfter": "4h", "escalateTo": { "people": ["zoe"] } } },
    ] } } }));
    open(&mut world, "duty", json!({}));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    world.start(release);
    world.pass(3601);
    world
}

fn open(world: &mut World, channel: &str, more: serde_json::Value) {
    let mut spec = json!({ "url": "http://127.0.0.1:1/hook", "secret": { "env": "SECRET" } });
    spec.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    declare(world, "root", "Channel", channel, spec);
}

fn waiting(world: &World) -> Vec<Message> {
    channel::messages(&world.state, world.now)
}

fn untold(world: &mut World, notice: Digest, reason: &str) -> Vec<Body> {
    let command = Command::NoteUntold { channel: name("duty"), notice, reason: reason.to_owned() };
    world.ask_as("shipway", command).unwrap()
}

#[test]
fn a_reminder_waits_until_it_was_told_and_says_who_is_asked() {
    let mut world = reminded();
    let [message] = waiting(&world).try_into().unwrap();
    assert_eq!((message.occasion, message.channel.as_str()), (Occasion::Reminder, "duty"));
    let people: Vec<&str> = message.people.iter().map(String::as_str).collect();
    assert_eq!(people, ["ben", "cem", "dan"], "it is ana's own work");
    assert_eq!(message.about["release"], "shop@1.0.0");
    assert!(
        message.text.starts_with("shop@1.0.0 into production still waits for owners (shop)"),
        "{message:?}"
    );
    let told = Command::NoteTold { channel: name("duty"), notice: message.id };
    assert_eq!(world.ask_as("shipway", told.clone()).unwrap().len(), 1);
    assert_eq!(world.ask_as("shipway", told).unwrap(), [], "it counts once");
    assert_eq!(waiting(&world), []);
    // The escalation is another thing, under another id, and names whose word is as good now.
    world.pass(3 * 3600);
    let [second] = waiting(&world).try_into().unwrap();
    assert_eq!(second.occasion, Occasion::Escalation);
    assert_ne!(second.id, message.id);
    assert!(second.people.contains("zoe"), "{second:?}");
    assert_eq!(world.state.channels.get(&name("duty")).unwrap().n_told, 1);
}

#[test]
fn what_cannot_be_told_is_noted_once_for_each_reason_and_given_up_after_three_days() {
    let mut world = reminded();
    let id = waiting(&world)[0].id;
    assert_eq!(untold(&mut world, id, "the receiver answered 503").len(), 1);
    assert_eq!(untold(&mut world, id, "the receiver answered 503"), []);
    assert_eq!(untold(&mut world, id, "the receiver answered 500").len(), 1);
    assert_eq!(waiting(&world)[0].id, id, "it is tried again");
    world.now += GIVE_UP_AFTER;
    let last = untold(&mut world, id, "the receiver answered 500");
    assert!(matches!(last[..], [Body::ChannelFailed { given_up: true, .. }]), "{last:?}");
    assert!(!waiting(&world).iter().any(|it| it.id == id));
    assert_eq!(world.state.channels.get(&name("duty")).unwrap().n_given_up, 1);
    assert_eq!(untold(&mut world, id, "the receiver answered 500"), []);
}

#[test]
fn a_channel_tells_of_what_it_names_and_of_nothing_before_it_was_declared() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [
        { "name": "owners", "from": { "owners": true },
          "sla": { "remindAfter": "1h", "escalateAfter": "4h", "escalateTo": { "people": ["zoe"] } } },
    ] } } }));
    open(&mut world, "elsewhere", json!({ "environments": ["staging"] }));
    open(&mut world, "chiefs", json!({ "tells": ["escalation"] }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    world.start(release);
    world.pass(3601);
    assert_eq!(waiting(&world), []);
    open(&mut world, "late", json!({}));
    assert_eq!(waiting(&world), [], "the reminder was before it");
    world.pass(3 * 3600);
    let channels: Vec<_> = waiting(&world).into_iter().map(|it| it.channel.to_string()).collect();
    assert_eq!(channels, ["chiefs", "late"]);
}

#[test]
fn consumers_are_told_of_by_team_and_what_is_no_channel_is_refused() {
    let mut world = protected(json!({}));
    open(&mut world, "duty", json!({ "environments": ["production"] }));
    declare(&mut world, "root", "Team", "payments", json!({ "members": ["pia"] }));
    let mut spec = crate::world::service("refunds", &["web"])["spec"].clone();
    spec["owner"] = json!("payments");
    declare(&mut world, "root", "Service", "refunds", spec);
    seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let is_it = |it: &Message| it.about["release"] == "shop@1.0.0";
    let told = waiting(&world).into_iter().find(is_it).unwrap();
    assert_eq!(told.occasion, Occasion::Consumers);
    assert_eq!(told.text, "shop@1.0.0 changes what services of payments depend on");
    assert_eq!(told.teams, [(name("payments"), [name("refunds")].into())].into());
    let nowhere = Command::NoteTold { channel: name("nowhere"), notice: told.id };
    assert_eq!(world.ask_as("shipway", nowhere).unwrap_err().code, Code::InvalidDeclarations);
}

#[test]
fn whose_services_depend_on_what_is_taken_back_is_told() {
    let mut world = protected(json!({ "changePolicy": { "rules": [], "normal": { "approvals": [] } } }));
    declare(&mut world, "root", "Team", "payments", json!({ "members": ["pia"] }));
    let mut spec = crate::world::service("refunds", &["web"])["spec"].clone();
    spec["owner"] = json!("payments");
    declare(&mut world, "root", "Service", "refunds", spec);
    open(&mut world, "duty", json!({ "tells": ["rollback"], "environments": ["production"] }));
    open(&mut world, "elsewhere", json!({ "tells": ["rollback"], "environments": ["staging"] }));
    let release = seal(&mut world, "1.0.0", Class::Normal, &["src/page.rs"]);
    let rollout = world.start(release);
    assert_eq!(waiting(&world), []);
    world.ask_as("ana", Command::RollBack { id: rollout, reason: "slow".to_owned() }).unwrap();
    let [told] = waiting(&world).try_into().unwrap();
    assert_eq!((told.occasion, told.channel.as_str()), (Occasion::Rollback, "duty"));
    assert_eq!(told.text, "shop@1.0.0 is taken back in production: slow; services of payments depend on it");
    assert_eq!(told.teams, [(name("payments"), [name("refunds")].into())].into());
    assert_eq!(told.about["rollout"], rollout.to_string());
}

/// The first stage asks something over HTTP, people are on call for web in two shifts of twelve hours, and a Channel calls them.
fn watched() -> (World, RolloutId) {
    let mut world = World::with_shop(json!({}));
    let stages = json!([
        { "name": "ask", "run": { "http": { "url": "http://127.0.0.1:8001/" } } },
        { "name": "ship", "run": { "deploy": {} } },
    ]);
    let mut all = shop(json!({ "pipeline": "main" }));
    all.extend(resources(&[resource("Pipeline", "main", json!({ "stages": stages }))]));
    world.ask(Command::ApplyResources { resources: all }).unwrap();
    let shift = |name: &str, from: &str, person: &str| {
        json!({ "name": name, "kind": "allow", "purpose": "on-call", "dtstart": from, "duration": "12h",
                "people": [person], "scope": { "services": ["web"] } })
    };
    let rules = [shift("days", "2027-01-15T00:00", "pia"), shift("nights", "2027-01-15T12:00", "quin")];
    declare(&mut world, "root", "Calendar", "rota", json!({ "rules": rules }));
    open(&mut world, "duty", json!({ "tells": ["halt", "hold"] }));
    let release = world.seal("1.0.0", &[("web", "1.0.0")]);
    let id = world.start(release);
    (world, id)
}

fn answer_500(world: &mut World, id: RolloutId) {
    world.run(|effect| matches!(effect.order, Order::Http { .. }).then(|| failed("status 500")));
    assert!(matches!(world.phase(id), Phase::Halted { .. }), "{:?}", world.phase(id));
}

#[test]
fn a_rollout_that_halts_calls_whoever_is_on_call_once_for_each_halt() {
    let (mut world, id) = watched();
    assert_eq!(waiting(&world), []);
    answer_500(&mut world, id);
    let [message] = waiting(&world).try_into().unwrap();
    assert_eq!(message.occasion, Occasion::Halt);
    let text = "shop@1.0.0 has halted in production at step 1: status 500; pia is on call";
    assert_eq!(message.text, format!("{text}: shipway rollout show {id}"));
    let pia = BTreeSet::from(["pia".to_owned()]);
    assert_eq!(message.people, pia);
    assert_eq!(message.teams, [(name("shop"), [name("web")].into())].into());
    // What its receiver refused, and whom it called in the end, is the rollout's to tell.
    untold(&mut world, message.id, "the receiver answered 503");
    let told = Command::NoteTold { channel: name("duty"), notice: message.id };
    let recorded = world.ask_as("shipway", told.clone()).unwrap();
    let body = &recorded[..];
    assert!(matches!(body, [Body::ChannelTold { rollout: Some(it), .. }] if *it == id), "{body:?}");
    assert_eq!(world.ask_as("shipway", told).unwrap(), [], "it counts once");
    let outcomes: Vec<_> = world.rollout(id).calls.iter().map(|it| it.outcome.clone()).collect();
    let refused = CallOutcome::Failed { reason: "the receiver answered 503".to_owned(), given_up: false };
    assert_eq!(outcomes, [refused, CallOutcome::Taken { people: pia }]);
    world.pass(60);
    assert_eq!(waiting(&world), [], "it still stands, and was told");
    // Halted again for the same reason, six hours later: another call, to whoever is on call by then.
    world.pass(6 * 3600);
    world.ask(Command::Retry { id }).unwrap();
    answer_500(&mut world, id);
    let [again] = waiting(&world).try_into().unwrap();
    assert_ne!(again.id, message.id);
    assert_eq!(again.people, ["quin".to_owned()].into());
}

#[test]
fn nobody_is_called_about_what_is_over() {
    let (mut world, id) = watched();
    answer_500(&mut world, id);
    assert_eq!(waiting(&world).len(), 1);
    world.ask(Command::AbortRollout { id, reason: "not today".to_owned() }).unwrap();
    assert_eq!(waiting(&world), []);
    assert_eq!(world.state.channels.get(&name("duty")).unwrap().n_told, 0);
}

#[test]
fn what_stands_half_done_calls_and_what_waits_for_its_turn_does_not() {
    let (mut world, id) = watched();
    let pause = |id, reason: &str| Command::PauseRollout { id, reason: reason.to_owned() };
    world.ask(pause(id, "a look at the logs")).unwrap();
    let [message] = waiting(&world).try_into().unwrap();
    assert_eq!(message.occasion, Occasion::Hold);
    assert!(
        message.text.starts_with("shop@1.0.0 was paused in production: a look at the logs; pia"),
        "{message:?}"
    );
    world.ask(Command::ResumeRollout { id }).unwrap();
    assert_eq!(waiting(&world), []);
    let next = world.seal("1.1.0", &[("web", "1.1.0")]);
    let next = world.start(next);
    world.ask(pause(next, "later")).unwrap();
    assert_eq!(waiting(&world), []);
    // A freeze closes on what has begun, and says its reason anew when another joins it: one call.
    let freeze = |name: &str| {
        json!({ "rules": [{ "name": name, "kind": "deny", "purpose": "freeze", "dtstart": "2027-01-15",
                            "duration": "2d" }] })
    };
    declare(&mut world, "root", "Calendar", "freeze", freeze("peak"));
    let effect = world.effects()[0].clone();
    let answered = world.act(&effect);
    world.tell(&effect, answered);
    let [held] = waiting(&world).try_into().unwrap();
    assert!(held.text.starts_with("shop@1.0.0 is held in production: "), "{held:?}");
    world.pass(60);
    declare(&mut world, "root", "Calendar", "audit", freeze("audit"));
    let ids: Vec<_> = waiting(&world).iter().map(|it| it.id).collect();
    assert_eq!(ids, [held.id]);
}
