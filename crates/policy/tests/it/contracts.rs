//! Interfaces compared, rule by rule, and the gate that asks for it.

use serde_json::{Value, json};
use shipway_model::contract::Contract;
use shipway_model::gate::Status;
use shipway_policy::contracts::{Severity, diff};

use crate::scene::Scene;

fn openapi(document: Value) -> Value {
    json!({"openapi": {"title": "shop", "version": "1.0.0", "document": document}})
}

/// A path `/orders/{id}` whose GET answers with this schema and whose POST takes it.
fn orders(schema: Value) -> Value {
    json!({
        "openapi": "3.0.3",
        "info": {"title": "shop", "version": "1.0.0"},
        "paths": {"/orders/{id}": {
            "get": {
                "parameters": [{"name": "page", "in": "query", "schema": {"type": "integer", "maximum": 100}}],
                "responses": {"200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}}},
            },
            "post": {
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Order"}}}},
                "responses": {"201": {}},
            },
        }},
        "components": {"schemas": {"Order": schema}},
    })
}

fn order() -> Value {
    json!({
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "state": {"type": "string", "enum": ["open", "paid"]},
            "parent": {"$ref": "#/components/schemas/Order"},
        },
    })
}

/// The rules that fire, with the severity's first letter, sorted.
#[track_caller]
fn check(old: &Value, new: &Value, expect: &[&str]) {
    let read = |it: &Value| serde_json::from_value::<Contract>(it.clone()).unwrap();
    let letter = |severity: Severity| match severity {
        Severity::Error => 'E',
        Severity::Warning => 'W',
        Severity::Info => 'I',
    };
    let changes = diff(&read(old), &read(new));
    let mut found: Vec<String> =
        changes.iter().map(|it| format!("{} {}", letter(it.severity), it.rule)).collect();
    found.sort();
    found.dedup();
    assert_eq!(found, expect, "{changes:#?}");
}

#[track_caller]
fn check_order(change: impl FnOnce(&mut Value), expect: &[&str]) {
    let mut schema = order();
    change(&mut schema);
    check(&openapi(orders(order())), &openapi(orders(schema)), expect);
}

#[track_caller]
fn check_document(change: impl FnOnce(&mut Value), expect: &[&str]) {
    let mut document = orders(order());
    change(&mut document["paths"]["/orders/{id}"]);
    check(&openapi(orders(order())), &openapi(document), expect);
}

#[test]
fn what_a_client_sends_may_grow_wider_and_what_it_gets_narrower() {
    check_order(|_| {}, &[]);
    check_order(
        |it| it["properties"]["note"] = json!({"type": "string"}),
        &["I new-optional-request-property", "I response-optional-property-added"],
    );
    check_order(
        |it| {
            it["properties"]["note"] = json!({"type": "string"});
            it["required"] = json!(["id", "note"]);
        },
        &["E new-required-request-property", "I response-required-property-added"],
    );
    check_order(
        |it| it["required"] = json!(["id", "state"]),
        &["E request-property-became-required", "I response-property-became-required"],
    );
    check_order(
        |it| it["required"] = json!([]),
        &["E response-property-became-optional", "I request-property-became-optional"],
    );
    check_order(
        |it| drop(it["properties"].as_object_mut().unwrap().remove("id")),
        &["E response-required-property-removed", "W request-property-removed"],
    );
    check_order(
        |it| it["properties"]["state"]["enum"] = json!(["open", "paid", "sent"]),
        &["I request-property-enum-value-added", "W response-property-enum-value-added"],
    );
    check_order(
        |it| it["properties"]["state"]["enum"] = json!(["open"]),
        &["E request-property-enum-value-removed", "I response-property-enum-value-removed"],
    );
    check_order(
        |it| it["properties"]["id"] = json!({"type": "integer"}),
        &["E request-property-type-changed", "E response-property-type-changed"],
    );
    check_order(
        |it| it["properties"]["id"] = json!({"type": ["string", "null"]}),
        &["E response-property-became-nullable", "I request-property-became-nullable"],
    );
    check_order(
        |it| it["properties"]["id"]["maxLength"] = json!(10),
        &["E request-property-max-length-set", "I response-property-max-length-set"],
    );
}

#[test]
fn endpoints_parameters_bodies_and_answers_are_compared() {
    check_document(
        |it| drop(it.as_object_mut().unwrap().remove("post")),
        &["E api-removed-without-deprecation"],
    );
    check_document(|it| it["put"] = json!({"responses": {}}), &["I endpoint-added"]);
    check_document(
        |it| it["get"]["parameters"][0]["required"] = json!(true),
        &["E request-parameter-became-required"],
    );
    check_document(|it| it["get"]["parameters"] = json!([]), &["W request-parameter-removed"]);
    check_document(
        |it| it["get"]["parameters"][0]["schema"]["maximum"] = json!(50),
        &["E request-parameter-max-decreased"],
    );
    check_document(
        |it| {
            it["get"]["parameters"]
                .as_array_mut()
                .unwrap()
                .push(json!({"name": "q", "in": "query", "required": true}));
        },
        &["E new-required-request-parameter"],
    );
    check_document(
        |it| it["post"]["requestBody"]["required"] = json!(true),
        &["E request-body-became-required"],
    );
    check_document(
        |it| it["post"]["responses"] = json!({"204": {}}),
        &["E response-success-status-removed", "I response-success-status-added"],
    );
    check_document(
        |it| it["get"]["responses"]["200"]["content"] = json!({"text/plain": {}}),
        &["E response-media-type-removed", "I response-media-type-added"],
    );
    check_document(|it| it["get"]["security"] = json!([{"token": []}]), &["E api-security-added"]);
    let mut renamed = orders(order());
    let paths = renamed["paths"].as_object_mut().unwrap();
    let path = paths.remove("/orders/{id}").unwrap();
    paths.insert("/orders/{order}".to_owned(), path);
    check(&openapi(orders(order())), &openapi(renamed), &[]);
}

#[test]
fn allof_is_merged_and_a_document_that_explodes_is_not_called_harmless() {
    let split = json!({"allOf": [
        {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}},
        {"properties": {
            "state": {"type": "string", "enum": ["open", "paid"]},
            "parent": {"$ref": "#/components/schemas/Order"},
        }},
    ]});
    check(&openapi(orders(order())), &openapi(orders(split)), &[]);
    let mut bomb = orders(order());
    for level in 0..12 {
        let next = json!({"$ref": format!("#/components/schemas/L{}", level + 1)});
        let fields: serde_json::Map<String, Value> =
            (0..8).map(|it| (format!("f{it}"), next.clone())).collect();
        bomb["components"]["schemas"][format!("L{level}")] = json!({"type": "object", "properties": fields});
    }
    bomb["components"]["schemas"]["Order"] = json!({"$ref": "#/components/schemas/L0"});
    check(&openapi(bomb.clone()), &openapi(bomb), &["E too-large-to-compare"]);
}

fn proto(message: Value) -> Value {
    json!({"protobuf": {
        "package": "shop", "syntax": "proto3",
        "messages": {"shop.Order": message},
        "enums": {"shop.State": {"values": {"0": ["OPEN"]}}},
        "services": {"shop.Orders": {"Get": {"request": "shop.Id", "response": "shop.Order"}}},
    }})
}

fn field(name: &str, type_name: &str) -> Value {
    json!({"name": name, "json_name": name, "cardinality": "implicit", "type": type_name})
}

#[test]
fn protobuf_breaks_on_the_wire_or_in_code() {
    let old = proto(json!({"fields": {"1": field("id", "int32"), "2": field("state", "shop.State")}}));
    let message = |fields: Value| proto(json!({"fields": fields}));
    check(&old, &old, &[]);
    check(
        &old,
        &message(json!({"1": field("id", "int64"), "2": field("state", "shop.State")})),
        &["W FIELD_SAME_TYPE"],
    );
    check(
        &old,
        &message(json!({"1": field("id", "string"), "2": field("state", "shop.State")})),
        &["E FIELD_WIRE_COMPATIBLE_TYPE", "W FIELD_SAME_TYPE"],
    );
    check(
        &old,
        &message(json!({"1": field("id", "int32")})),
        &[
            "E FIELD_NO_DELETE_UNLESS_NUMBER_RESERVED",
            "W FIELD_NO_DELETE",
            "W FIELD_NO_DELETE_UNLESS_NAME_RESERVED",
        ],
    );
    let reserved =
        json!({"fields": {"1": field("id", "int32")}, "reserved": {"ranges": [[2, 2]], "names": ["state"]}});
    check(&old, &proto(reserved), &["W FIELD_NO_DELETE"]);
    let mut streams = old.clone();
    streams["protobuf"]["services"]["shop.Orders"]["Get"]["server_streams"] = json!(true);
    check(&old, &streams, &["E RPC_SAME_SERVER_STREAMING"]);
    let mut without = old.clone();
    without["protobuf"]["services"]["shop.Orders"] = json!({});
    check(&old, &without, &["E RPC_NO_DELETE"]);
}

#[test]
fn graphql_breaks_clients_that_ask_or_list() {
    let schema = |fields: Value, states: Value| {
        json!({"graphql": {
            "roots": {"query": "Query"},
            "types": {
                "Query": {"is": "object", "fields": fields},
                "State": {"is": "enum", "values": states},
            },
        }})
    };
    let old =
        schema(json!({"order": {"type": "Order", "arguments": {"id": {"type": "ID!"}}}}), json!(["OPEN"]));
    let order = |type_name: &str, arguments: Value| {
        schema(json!({"order": {"type": type_name, "arguments": arguments}}), json!(["OPEN"]))
    };
    check(&old, &old, &[]);
    check(&old, &order("Order!", json!({"id": {"type": "ID!"}})), &["I FIELD_TYPE_CHANGED"]);
    check(&order("Order!", json!({})), &order("Order", json!({})), &["E FIELD_TYPE_CHANGED"]);
    check(&order("[Order!]!", json!({})), &order("[Order]!", json!({})), &["E FIELD_TYPE_CHANGED"]);
    check(&old, &order("Order", json!({"id": {"type": "ID"}})), &["I FIELD_ARGUMENT_TYPE_CHANGED"]);
    check(
        &old,
        &order("Order", json!({"id": {"type": "ID!"}, "at": {"type": "Int!"}})),
        &["E FIELD_ARGUMENT_ADDED"],
    );
    let more = schema(
        json!({"order": {"type": "Order", "arguments": {"id": {"type": "ID!"}}}}),
        json!(["OPEN", "PAID"]),
    );
    check(&old, &more, &["W ENUM_VALUE_ADDED"]);
    check(&more, &old, &["E ENUM_VALUE_REMOVED"]);
}

#[test]
fn a_break_needs_a_new_major_version() {
    let gate = |before: Option<Value>, after: Value, version: &str, rule: Value| {
        let mut scene = Scene::new();
        scene.attach(json!({"contracts": [openapi(orders(after))]}));
        if let Some(before) = before {
            scene.attach_before(json!({"contracts": [openapi(orders(before))]}));
        }
        scene.facts.services.values_mut().for_each(|it| it.version = version.parse().unwrap());
        let requirement = scene.ask(json!({"contracts": rule}));
        (requirement.status, requirement.reasons.join("; "))
    };
    let mut broken = order();
    broken["properties"]["id"]["type"] = json!("integer");
    assert_eq!(gate(Some(order()), order(), "1.1.0", json!({})).0, Status::Satisfied);
    let (status, said) = gate(Some(order()), broken.clone(), "1.1.0", json!({}));
    assert!(status == Status::Failed && said.contains("announces no break"), "{said}");
    assert!(said.contains("response-property-type-changed"), "{said}");
    let (status, said) = gate(Some(order()), broken.clone(), "2.0.0", json!({}));
    assert!(status == Status::Satisfied && said.contains("announces it"), "{said}");
    assert_eq!(
        gate(Some(order()), broken.clone(), "2.0.0", json!({"majorMayBreak": false})).0,
        Status::Failed
    );
    let ignored = json!({"ignore": ["response-property-type-changed", "request-property-type-changed"]});
    assert_eq!(gate(Some(order()), broken.clone(), "1.1.0", ignored).0, Status::Satisfied);
    let (status, said) = gate(None, order(), "1.1.0", json!({}));
    assert!(status == Status::Missing && said.contains("not known"), "{said}");
}
