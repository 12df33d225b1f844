//! Reading an event back from its record.
//!
//! The names in canonical JSON ascend, so what happened (`data`) stands before what it is called (`type`). Whoever takes the
//! names as they come has to keep all of `data` aside, piece by piece, until it knows what to read it as; that is most of
//! what reading a ledger costs. But a record also ends with its type: looked up there first, `data` is read in one pass.

use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, Visitor};

use super::{Body, Event};

/// The names of an event in its record.
#[derive(Clone, Copy, Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Actor,
    At,
    Data,
    Schema,
    Tenant,
    Type,
}

impl Event {
    /// The event that a record holds, in whatever order its names stand; fastest in that of canonical JSON.
    ///
    /// # Errors
    /// When it is none, or one of a kind or form that this version does not know.
    pub fn read(record: &[u8]) -> Result<Self, serde_json::Error> {
        // What cannot be read in one pass is read as any JSON is, which also says best what is wrong with it.
        match kind_at_end(record).and_then(|kind| read_as(record, kind).ok()) {
            Some(event) => Ok(event),
            None => serde_json::from_slice(record),
        }
    }
}

/// The type of an event whose record ends with it. What stands there may be something else: it is compared again.
fn kind_at_end(record: &[u8]) -> Option<&str> {
    let record = record.strip_suffix(b"\"}")?;
    let begin = record.iter().rposition(|it| *it == b'"')? + 1;
    let (before, kind) = record.split_at(begin);
    let is_kind = before.ends_with(b",\"type\":\"") && !kind.contains(&b'\\');
    str::from_utf8(kind).ok().filter(|_| is_kind)
}

fn read_as(record: &[u8], kind: &str) -> Result<Event, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(record);
    let event = json.deserialize_map(OfKind(kind))?;
    json.end().map(|()| event)
}

/// Reads an event of a kind that is known before.
struct OfKind<'k>(&'k str);

impl<'de> Visitor<'de> for OfKind<'_> {
    type Value = Event;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an event")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Event, A::Error> {
        let (mut actor, mut at, mut body, mut schema, mut tenant) = (None, None, None, None, None);
        while let Some(field) = map.next_key()? {
            match field {
                Field::Actor => fill(&mut actor, map.next_value()?)?,
                Field::At => fill(&mut at, map.next_value()?)?,
                Field::Data => fill(&mut body, map.next_value_seed(Data(self.0))?)?,
                Field::Schema => fill(&mut schema, map.next_value()?)?,
                Field::Tenant => fill(&mut tenant, map.next_value()?)?,
                Field::Type => map.next_value_seed(Same(self.0))?,
            }
        }
        Ok(Event {
            schema: schema.ok_or_else(|| A::Error::missing_field("schema"))?,
            tenant: tenant.ok_or_else(|| A::Error::missing_field("tenant"))?,
            actor: actor.ok_or_else(|| A::Error::missing_field("actor"))?,
            at: at.ok_or_else(|| A::Error::missing_field("at"))?,
            body: body.ok_or_else(|| A::Error::missing_field("data"))?,
        })
    }
}

fn fill<T, E: Error>(place: &mut Option<T>, value: T) -> Result<(), E> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(E::custom("a name stands there twice")),
    }
}

/// The type, which has to be the one that was looked up.
struct Same<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Same<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Same<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the type `{}`", self.0)
    }

    fn visit_str<E: Error>(self, kind: &str) -> Result<(), E> {
        if kind == self.0 { Ok(()) } else { Err(E::custom("the type is not the one at the end")) }
    }
}

/// What happened, of the kind that was looked up: given to [`Body`] as an object in which the type comes first.
struct Data<'k>(&'k str);

impl<'de> DeserializeSeed<'de> for Data<'_> {
    type Value = Body;

    fn deserialize<D: Deserializer<'de>>(self, data: D) -> Result<Body, D::Error> {
        let object = TypeFirst { kind: Some(self.0), data: Some(data) };
        Body::deserialize(MapAccessDeserializer::new(object))
    }
}

struct TypeFirst<'k, D> {
    kind: Option<&'k str>,
    data: Option<D>,
}

impl<'de, D: Deserializer<'de>> MapAccess<'de> for TypeFirst<'_, D> {
    type Error = D::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, D::Error> {
        let name = match (&self.kind, &self.data) {
            (Some(_), _) => "type",
            (None, Some(_)) => "data",
            (None, None) => return Ok(None),
        };
        let name: StrDeserializer<'_, D::Error> = name.into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, D::Error> {
        if let Some(kind) = self.kind.take() {
            let kind: StrDeserializer<'_, D::Error> = kind.into_deserializer();
            return seed.deserialize(kind);
        }
        let data = self.data.take().ok_or_else(|| D::Error::custom("there are two values only"))?;
        seed.deserialize(data)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn paused() -> Value {
        json!({
            "actor": "ana", "at": "2026-03-14T09:26:53Z",
            "data": {"scope": {"environment": "prod"}, "reason": "a \"reason\" of é"},
            "schema": "shipway.dev/event/v1", "tenant": "default", "type": "scope.paused",
        })
    }

    /// The names above ascend, as in canonical JSON.
    fn record(event: &Value) -> Vec<u8> {
        serde_json::to_vec(event).unwrap()
    }

    #[test]
    fn one_pass_reads_what_any_reader_of_json_does() {
        let record = record(&paused());
        assert_eq!(kind_at_end(&record), Some("scope.paused"));
        let event: Event = serde_json::from_slice(&record).unwrap();
        assert_eq!(read_as(&record, "scope.paused").unwrap(), event);
        assert_eq!(Event::read(&record).unwrap(), event);
    }

    #[test]
    fn another_order_is_read_too() {
        let event: Event = serde_json::from_value(paused()).unwrap();
        let text = r#"{"type":"scope.paused","tenant":"default","schema":"shipway.dev/event/v1","later":1,
            "data":{"reason":"a \"reason\" of é","scope":{"environment":"prod"}},"at":"2026-03-14T09:26:53Z","actor":"ana"}"#;
        assert_eq!(kind_at_end(text.as_bytes()), None);
        assert_eq!(Event::read(text.as_bytes()).unwrap(), event);
    }

    /// Whatever the end of a record says, it is read as what its type says.
    #[test]
    fn an_end_that_lies_is_not_believed() {
        let text = String::from_utf8(record(&paused())).unwrap();
        let lying = format!("{},\"later\":{{\"a\":1,\"type\":\"scope.resumed\"}}}}", &text[..text.len() - 1]);
        assert_eq!(Event::read(lying.as_bytes()).unwrap(), serde_json::from_str(&text).unwrap());
        let twice =
            text.replace(r#""type":"scope.paused""#, r#""type":"scope.paused","type":"scope.resumed""#);
        assert_eq!(kind_at_end(twice.as_bytes()), Some("scope.resumed"));
        assert!(read_as(twice.as_bytes(), "scope.resumed").is_err());
    }

    #[test]
    fn what_is_wrong_is_said_as_ever() {
        let mut unknown = paused();
        unknown["type"] = json!("scope.doubted");
        let mut incomplete = paused();
        incomplete["data"] = json!({"scope": "everything"});
        let mut nameless = paused();
        nameless.as_object_mut().unwrap().remove("actor");
        for event in [unknown, incomplete, nameless] {
            let record = record(&event);
            let found = Event::read(&record).unwrap_err().to_string();
            assert_eq!(found, serde_json::from_slice::<Event>(&record).unwrap_err().to_string());
        }
        let trailing = [record(&paused()), b"{}".to_vec()].concat();
        assert!(Event::read(&trailing).is_err());
        assert!(Event::read(b"").is_err() && Event::read(b"\"}").is_err());
    }
}
