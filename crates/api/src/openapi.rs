//! The OpenAPI 3.1 document, rendered from the table of operations.

use schemars::SchemaGenerator;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use crate::endpoint::{AS_OF, Content, Endpoint};
use crate::payload::Payload;
use crate::problem::{self, Problem};
use crate::{Code, Events, Method, Octets, Permission, operations};

/// The whole document. The same table always gives the same document.
pub fn document() -> Value {
    let mut generator = generator();
    let mut paths = Map::new();
    for endpoint in operations::all() {
        let path = paths.entry(endpoint.path).or_insert_with(|| json!({}));
        path[endpoint.method.as_str().to_lowercase()] = operation(&endpoint, &mut generator);
    }
    generator.subschema_for::<Problem>();
    let mut whole = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Shipway",
            "version": "v1",
            "summary": "Releases and deployments, planned, rolled out, judged and taken back.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "servers": [{ "url": "/" }],
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": {
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "A token as `shipway token issue` gives it.",
                },
            },
        },
    });
    // Whatever order `serde_json` is built to keep.
    whole.sort_all_objects();
    whole
}

/// Schemas as requests are read: fields with defaults may be left out.
fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12()
        .with(|it| {
            it.definitions_path = "/components/schemas".into();
            it.meta_schema = None;
        })
        .into_generator()
}

fn operation(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut parameters = parameters("path", endpoint.path_schema, generator);
    parameters.extend(self::parameters("query", endpoint.query_schema, generator));
    parameters.extend(endpoint.takes_as_of.then(as_of_parameter));
    parameters.extend(header_parameters(endpoint));
    let mut operation = json!({
        "operationId": endpoint.id,
        "summary": endpoint.summary,
        "tags": [endpoint.noun()],
        "x-permission": endpoint.permission.as_str(),
        "responses": responses(endpoint, generator),
    });
    if !parameters.is_empty() {
        operation["parameters"] = parameters.into();
    }
    if let Some(content) = content(&endpoint.body, generator) {
        operation["requestBody"] = json!({ "required": true, "content": content });
    }
    operation
}

/// One parameter per field of the struct that a path or query is read into.
fn parameters(
    place: &str,
    schema: fn(&mut SchemaGenerator) -> schemars::Schema,
    generator: &mut SchemaGenerator,
) -> Vec<Value> {
    let schema = schema(generator).to_value();
    let required = |name: &str| {
        place == "path" || schema["required"].as_array().is_some_and(|it| it.iter().any(|it| it == name))
    };
    let Some(properties) = schema["properties"].as_object() else { return Vec::new() };
    let parameter = |(name, property): (&String, &Value)| {
        let mut property = property.clone();
        let description = property.as_object_mut().and_then(|it| it.remove("description"));
        let mut parameter =
            json!({ "name": name, "in": place, "required": required(name), "schema": property });
        if let Some(description) = description {
            parameter["description"] = description;
        }
        parameter
    };
    properties.iter().map(parameter).collect()
}

fn as_of_parameter() -> Value {
    json!({
        "name": AS_OF,
        "in": "query",
        "required": false,
        "description": "Answer with what was known at this instant, which must be over.",
        "schema": { "type": "string", "format": "date-time" },
    })
}

fn header_parameters(endpoint: &Endpoint) -> Vec<Value> {
    let header = |name: &str, description: &str| {
        json!({
            "name": name,
            "in": "header",
            "required": false,
            "description": description,
            "schema": { "type": "string" },
        })
    };
    let mut headers = Vec::new();
    if endpoint.method == Method::Post {
        headers.push(header(
            "Idempotency-Key",
            "Any text of 1 to 100 visible characters. A repeated request with the same key changes nothing more.",
        ));
    }
    if endpoint.conditional {
        headers.push(header("If-Match", "The ETag of the state that is meant; refused when it has changed."));
    }
    if endpoint.answer.media == Events::MEDIA {
        headers.push(header("Last-Event-ID", "The ledger position after which to go on."));
    }
    headers
}

fn content(content: &Content, generator: &mut SchemaGenerator) -> Option<Value> {
    let media = content.media?;
    Some(json!({ media: { "schema": (content.schema)(generator) } }))
}

fn responses(endpoint: &Endpoint, generator: &mut SchemaGenerator) -> Value {
    let mut responses = Map::new();
    let mut success = json!({ "description": "Done." });
    if let Some(content) = content(&endpoint.answer, generator) {
        success["content"] = content;
    }
    responses.insert(endpoint.status.to_string(), success);
    let mut codes = codes(endpoint);
    codes.sort_by_key(|code| code.status());
    for same_status in codes.chunk_by(|a, b| a.status() == b.status()) {
        let lines: Vec<_> = same_status.iter().map(|it| format!("`{it}`: {}.", it.title())).collect();
        let response = json!({
            "description": lines.join("\n"),
            "content": { problem::MEDIA: { "schema": { "$ref": "#/components/schemas/Problem" } } },
        });
        responses.insert(same_status[0].status().to_string(), response);
    }
    responses.into()
}

/// What the operation may refuse with: its own codes, and those that follow from its shape.
pub fn codes(endpoint: &Endpoint) -> Vec<Code> {
    let mut codes = endpoint.errors.to_vec();
    codes.extend([Code::Unauthenticated, Code::InvalidRequest, Code::Internal, Code::Unavailable]);
    if endpoint.permission != Permission::AnyToken {
        codes.push(Code::Forbidden);
    }
    if endpoint.answer.media != Events::MEDIA {
        codes.push(Code::Timeout);
    }
    match endpoint.body.media {
        None => {}
        media if media == Octets::MEDIA => codes.push(Code::TooLarge),
        Some(_) => codes.extend([Code::TooLarge, Code::UnsupportedMediaType]),
    }
    if endpoint.method == Method::Post {
        codes.extend([Code::IdempotencyKeyReused, Code::Overloaded]);
    }
    if endpoint.conditional {
        codes.push(Code::PreconditionFailed);
    }
    codes
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    #[test]
    fn the_document_is_as_reviewed() {
        insta::assert_json_snapshot!(super::document());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document = super::document();
        let text = document.to_string();
        let references: BTreeSet<&str> =
            text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert!(references.len() > 50);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
}
