//! The published JSON Schema of the files, generated from the kinds' own structs.

use schemars::generate::SchemaSettings;
use schemars::{Schema, SchemaGenerator};
use serde_json::{Value, json};

use crate::resource::{
    AccessPolicy, ApiVersion, Board, Booking, Budget, Calendar, CalendarFeed, ChangePolicy, Channel,
    Environment, Journey, Kind, Library, LogSignatures, Metadata, Mirror, Person, Pipeline, Policy,
    Regulation, Repository, Runbook, Service, Strategy, Team, Template, Train, TrustRoot, Vendor, Webhook,
};

const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

/// The JSON Schema (2020-12) of one kind's documents, or of a document of any kind.
pub fn schema(kind: Option<Kind>) -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let mut whole = match kind {
        Some(kind) => document(kind, &mut generator),
        None => any_document(&mut generator),
    };
    let title = kind.map_or("Shipway resource".to_owned(), |it| format!("Shipway {it}"));
    whole["$schema"] = json!(DIALECT);
    whole["title"] = json!(title);
    whole["$defs"] = Value::Object(generator.take_definitions(true));
    // Whatever order `serde_json` is built to keep.
    whole.sort_all_objects();
    whole
}

/// Of a document whose kind is missing or unknown: everything but its spec can be judged.
pub(super) fn header_schema() -> Value {
    let mut generator = SchemaSettings::draft2020_12().into_generator();
    let kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
    let mut whole = frame(json!({ "type": "string", "enum": kinds }), json!(true), &mut generator);
    whole["$defs"] = Value::Object(generator.take_definitions(true));
    whole
}

fn document(kind: Kind, generator: &mut SchemaGenerator) -> Value {
    let spec = spec(kind, generator);
    frame(json!({ "type": "string", "const": kind.as_str() }), json!(spec), generator)
}

fn any_document(generator: &mut SchemaGenerator) -> Value {
    let kinds: Vec<&str> = Kind::ALL.into_iter().map(Kind::as_str).collect();
    let by_kind: Vec<Value> = Kind::ALL
        .into_iter()
        .map(|kind| {
            json!({
                "if": { "properties": { "kind": { "const": kind.as_str() } } },
                "then": document(kind, generator),
            })
        })
        .collect();
    json!({
        "type": "object",
        "required": ["kind"],
        "properties": { "kind": { "type": "string", "enum": kinds } },
        "allOf": by_kind,
    })
}

fn frame(kind: Value, spec: Value, generator: &mut SchemaGenerator) -> Value {
    json!({
        "type": "object",
        "properties": {
            "apiVersion": generator.subschema_for::<ApiVersion>(),
            "kind": kind,
            "metadata": generator.subschema_for::<Metadata>(),
            "spec": spec,
        },
        "required": ["apiVersion", "kind", "metadata", "spec"],
        "additionalProperties": false,
    })
}

fn spec(kind: Kind, generator: &mut SchemaGenerator) -> Schema {
    match kind {
        Kind::Team => generator.subschema_for::<Team>(),
        Kind::Service => generator.subschema_for::<Service>(),
        Kind::Vendor => generator.subschema_for::<Vendor>(),
        Kind::Library => generator.subschema_for::<Library>(),
        Kind::Regulation => generator.subschema_for::<Regulation>(),
        Kind::Budget => generator.subschema_for::<Budget>(),
        Kind::Environment => generator.subschema_for::<Environment>(),
        Kind::Pipeline => generator.subschema_for::<Pipeline>(),
        Kind::Template => generator.subschema_for::<Template>(),
        Kind::Policy => generator.subschema_for::<Policy>(),
        Kind::Strategy => generator.subschema_for::<Strategy>(),
        Kind::Journey => generator.subschema_for::<Journey>(),
        Kind::Calendar => generator.subschema_for::<Calendar>(),
        Kind::Person => generator.subschema_for::<Person>(),
        Kind::AccessPolicy => generator.subschema_for::<AccessPolicy>(),
        Kind::ChangePolicy => generator.subschema_for::<ChangePolicy>(),
        Kind::TrustRoot => generator.subschema_for::<TrustRoot>(),
        Kind::Board => generator.subschema_for::<Board>(),
        Kind::Repository => generator.subschema_for::<Repository>(),
        Kind::Booking => generator.subschema_for::<Booking>(),
        Kind::Train => generator.subschema_for::<Train>(),
        Kind::CalendarFeed => generator.subschema_for::<CalendarFeed>(),
        Kind::Mirror => generator.subschema_for::<Mirror>(),
        Kind::LogSignatures => generator.subschema_for::<LogSignatures>(),
        Kind::Runbook => generator.subschema_for::<Runbook>(),
        Kind::Webhook => generator.subschema_for::<Webhook>(),
        Kind::Channel => generator.subschema_for::<Channel>(),
    }
}
