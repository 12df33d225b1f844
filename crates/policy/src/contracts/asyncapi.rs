//! AsyncAPI 2 and 3: channels, what is sent and received on them, and the messages.
//!
//! What the service sends is to its listeners as a response is to a client, and what it receives is as a request; the rules
//! over schemas are those of OpenAPI. Those over channels and messages have ids of their own, in the same manner.

use std::collections::BTreeMap;

use serde_json::Value;
use shipway_model::contract::AsyncApi;

use super::Changes;
use super::openapi::document::{Document, Walk};
use super::openapi::schema::{self, Direction, Part};

pub(super) fn diff(old: &AsyncApi, new: &AsyncApi, changes: &mut Changes) {
    let mut walk = Walk::new(Document::new(&old.document), Document::new(&new.document), changes);
    let (before, after) = (operations(&walk.old), operations(&walk.new));
    for (key, was) in &before {
        match after.get(key) {
            Some(is) => of_operation(key, was, is, &mut walk),
            None if after.keys().any(|it| it.address == key.address) => {
                let message = format!("nothing is {} there any more", key.word());
                walk.changes.error("operation-removed", &key.place(), message);
            }
            None => walk.changes.error("channel-removed", &key.address, "the channel is gone"),
        }
    }
    for key in after.keys().filter(|it| !before.contains_key(*it)) {
        walk.changes.info("operation-added", &key.place(), "it is new");
    }
    walk.finish();
}

/// What the service does on a channel.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// As brokers know the channel.
    address: String,
    sends: bool,
}

impl Key {
    fn word(&self) -> &'static str {
        if self.sends { "sent" } else { "received" }
    }

    fn place(&self) -> String {
        let verb = if self.sends { "send" } else { "receive" };
        format!("{verb} {}", self.address)
    }
}

/// The messages of a channel in one direction, by name.
type Messages<'a> = BTreeMap<String, &'a Value>;

fn operations<'a>(document: &Document<'a>) -> BTreeMap<Key, Messages<'a>> {
    let is_third =
        document.root.get("asyncapi").and_then(Value::as_str).is_some_and(|it| it.starts_with("3."));
    if is_third { of_third(document) } else { of_second(document) }
}

/// In version 2 an operation says what others do: `publish` is what the service receives.
fn of_second<'a>(document: &Document<'a>) -> BTreeMap<Key, Messages<'a>> {
    let mut found = BTreeMap::new();
    for (address, channel) in fields(document.root.get("channels")) {
        let channel = document.resolve(channel);
        for (word, sends) in [("publish", false), ("subscribe", true)] {
            let Some(operation) = channel.get(word) else { continue };
            let key = Key { address: address.to_owned(), sends };
            found.insert(key, alternatives(operation.get("message"), document));
        }
    }
    found
}

/// A message, or one of several.
fn alternatives<'a>(message: Option<&'a Value>, document: &Document<'a>) -> Messages<'a> {
    let Some(message) = message else { return Messages::new() };
    let resolved = document.resolve(message);
    match resolved.get("oneOf").and_then(Value::as_array) {
        Some(several) => several.iter().enumerate().map(|(idx, it)| named(it, idx, document)).collect(),
        None => Messages::from([named(message, 0, document)]),
    }
}

/// By its name, else by that under which it is referred to, else by its place.
fn named<'a>(message: &'a Value, idx: usize, document: &Document<'a>) -> (String, &'a Value) {
    let resolved = document.resolve(message);
    let said = ["name", "messageId"].iter().find_map(|it| resolved.get(*it)?.as_str());
    let referred = || message.get("$ref")?.as_str()?.rsplit('/').next();
    (said.or_else(referred).map_or_else(|| format!("message {idx}"), str::to_owned), resolved)
}

/// In version 3 an operation says what the service itself does.
fn of_third<'a>(document: &Document<'a>) -> BTreeMap<Key, Messages<'a>> {
    let mut found: BTreeMap<Key, Messages<'a>> = BTreeMap::new();
    for (_, operation) in fields(document.root.get("operations")) {
        let operation = document.resolve(operation);
        let Some(reference) = operation.get("channel") else { continue };
        let channel = document.resolve(reference);
        let own_name = || reference.get("$ref")?.as_str()?.rsplit('/').next();
        let Some(address) = channel.get("address").and_then(Value::as_str).or_else(own_name) else {
            continue;
        };
        let sends = operation.get("action").and_then(Value::as_str) == Some("send");
        let of_channel = fields(channel.get("messages"));
        let messages: Messages<'a> = match operation.get("messages").and_then(Value::as_array) {
            Some(chosen) => chosen.iter().enumerate().map(|(idx, it)| named(it, idx, document)).collect(),
            None => of_channel.map(|(name, it)| (name.to_owned(), document.resolve(it))).collect(),
        };
        found.entry(Key { address: address.to_owned(), sends }).or_default().extend(messages);
    }
    found
}

fn fields(value: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    value.and_then(Value::as_object).into_iter().flatten().map(|(key, it)| (key.as_str(), it))
}

fn of_operation<'a>(key: &Key, was: &Messages<'a>, is: &Messages<'a>, walk: &mut Walk<'a, '_>) {
    let direction = if key.sends { Direction::Response } else { Direction::Request };
    for (name, was) in was {
        let place = format!("{} `{name}`", key.place());
        match is.get(name) {
            Some(is) => {
                let before = schema_of(was);
                schema::compare(&place, direction, Part::Body, before, schema_of(is), walk);
            }
            None if key.sends => walk.changes.error("message-removed", &place, "it is no longer sent"),
            None => walk.changes.error("message-removed", &place, "it is no longer understood"),
        }
    }
    for name in is.keys().filter(|it| !was.contains_key(*it)) {
        let place = format!("{} `{name}`", key.place());
        match key.sends {
            true => walk.changes.warning("message-added", &place, "listeners may not know it"),
            false => walk.changes.info("message-added", &place, "it is understood now"),
        }
    }
}

/// A payload is a schema, or names its format and holds one.
fn schema_of(message: &Value) -> Option<&Value> {
    let payload = message.get("payload")?;
    payload.get("schema").filter(|_| payload.get("schemaFormat").is_some()).or(Some(payload))
}
