//! What a request or an answer carries: nothing, JSON, raw bytes, text, or a stream of events.

use std::marker::PhantomData;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A kind of content, as the OpenAPI document names it.
pub trait Payload {
    /// The media type; None when there is no content.
    const MEDIA: Option<&'static str>;

    fn schema(generator: &mut SchemaGenerator) -> Schema;
}

/// A JSON document of this type.
pub struct Json<T>(PhantomData<T>);

/// A JSON document of somebody else's making, byte for byte: its sender may have signed them.
pub struct Message;

/// Raw bytes, streamed.
pub struct Octets;

/// Plain UTF-8 text.
pub struct Text;

/// A calendar that calendar programs read (RFC 5545).
pub struct ICalendar;

/// An OTLP request or response: protobuf, or JSON in `application/json`.
pub struct Otlp;

/// Server-sent events. Each one's id is a ledger position and its data a [`LedgerEvent`] as JSON.
///
/// [`LedgerEvent`]: crate::view::ledger::LedgerEvent
pub struct Events;

impl Payload for () {
    const MEDIA: Option<&'static str> = None;

    fn schema(_: &mut SchemaGenerator) -> Schema {
        false.into()
    }
}

impl<T: JsonSchema> Payload for Json<T> {
    const MEDIA: Option<&'static str> = Some("application/json");

    fn schema(generator: &mut SchemaGenerator) -> Schema {
        generator.subschema_for::<T>()
    }
}

impl Payload for Message {
    const MEDIA: Option<&'static str> = Some("application/json");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        true.into()
    }
}

impl Payload for Octets {
    const MEDIA: Option<&'static str> = Some("application/octet-stream");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "contentMediaType": "application/octet-stream" })
    }
}

impl Payload for Text {
    const MEDIA: Option<&'static str> = Some("text/plain");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Payload for ICalendar {
    const MEDIA: Option<&'static str> = Some("text/calendar");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string" })
    }
}

impl Payload for Otlp {
    const MEDIA: Option<&'static str> = Some("application/x-protobuf");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A message of OTLP: protobuf, or JSON as `application/json`." })
    }
}

impl Payload for Events {
    const MEDIA: Option<&'static str> = Some("text/event-stream");

    fn schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "Server-sent events: `id` is the ledger position, `data` a LedgerEvent." })
    }
}
