//! Channels: what waits to be told where, until it was or is given up.

use serde_json::json;
use shipway_engine::channel::{self, GIVE_UP_AFTER, Message};
use shipway_engine::{Code, Command};
use shipway_model::Digest;
use shipway_model::event::Body;
use shipway_model::release::Class;
use shipway_model::resource::channel::Occasion;

use super::{declare, protected, seal};
use crate::world::{World, name};

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
