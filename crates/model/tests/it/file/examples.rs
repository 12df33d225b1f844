//! One full example of every kind: read, round-tripped, and accepted by the published schema.

use std::collections::BTreeSet;

use serde_json::Value;
use shipway_model::resource::file::schema;
use shipway_model::resource::{Kind, Resource};

use super::read_one;

pub(super) const EVERYTHING: &str = include_str!("everything.yaml");

fn resources() -> Vec<Resource> {
    let located = read_one(EVERYTHING).unwrap_or_else(|faults| panic!("{}", super::rendered(&faults)));
    located.into_iter().map(|it| it.resource).collect()
}

#[test]
fn every_kind_has_an_example_and_survives_json() {
    let mut kinds = BTreeSet::new();
    for resource in resources() {
        kinds.insert(resource.kind());
        let json = serde_json::to_string(&resource).unwrap();
        let back: Resource = serde_json::from_str(&json).unwrap();
        assert_eq!(back, resource);
        assert_eq!(back.digest(), resource.digest());
        // JSON is YAML: what the API shows can be applied again.
        assert_eq!(read_one(&json).expect("its own JSON is accepted")[0].resource, resource);
    }
    assert_eq!(kinds, Kind::ALL.into_iter().collect());
}

#[test]
fn the_published_schema_accepts_the_examples() {
    let whole = jsonschema::validator_for(&schema(None)).unwrap();
    for resource in resources() {
        let value = serde_json::to_value(&resource).unwrap();
        let one = jsonschema::validator_for(&schema(Some(resource.kind()))).unwrap();
        for validator in [&one, &whole] {
            let errors: Vec<String> = validator.iter_errors(&value).map(|it| it.to_string()).collect();
            assert!(errors.is_empty(), "{}: {errors:#?}", resource.key());
        }
    }
}

#[test]
fn the_published_schema_refuses_what_reading_refuses() {
    let whole = jsonschema::validator_for(&schema(None)).unwrap();
    for resource in resources() {
        let good = serde_json::to_value(&resource).unwrap();
        for spoil in [spoilt_kind, spoilt_name, unknown_field, without_spec] {
            let bad = spoil(good.clone());
            assert!(!whole.is_valid(&bad), "schema: {bad}");
            assert!(read_one(&bad.to_string()).is_err(), "reading: {bad}");
        }
    }
}

fn spoilt_kind(mut value: Value) -> Value {
    value["kind"] = "Sevrice".into();
    value
}

fn spoilt_name(mut value: Value) -> Value {
    value["metadata"]["name"] = "../etc".into();
    value
}

fn unknown_field(mut value: Value) -> Value {
    value["spec"]["surprise"] = 1.into();
    value
}

fn without_spec(mut value: Value) -> Value {
    value.as_object_mut().unwrap().remove("spec");
    value
}

#[test]
fn places_are_those_of_the_documents() {
    let text = "# teams\n---\napiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: a}\nspec: {}\n---\n---\napiVersion: shipway.dev/v1\nkind: Team\nmetadata: {name: b}\nspec: {}\n";
    let lines: Vec<usize> = read_one(text).unwrap().iter().map(|it| it.line).collect();
    assert_eq!(lines, [3, 9]);
}

#[test]
fn plain_scalars_become_what_the_field_is() {
    let text = r"
apiVersion: shipway.dev/v1
kind: Service
metadata: {name: web, labels: {cost-centre: 014, legacy: no}}
spec:
  owner: shop
  deployment:
    command: [bin/web, 1.10]
    environment: {WORKERS: 3, DEBUG: true, VERSION: 1.10}
    health: {checks: [{name: up, probe: {tcp: {}}}]}
";
    let resource = &read_one(text).unwrap()[0].resource;
    let value = serde_json::to_value(resource).unwrap();
    assert_eq!(value["metadata"]["labels"], serde_json::json!({ "cost-centre": "014", "legacy": "no" }));
    assert_eq!(value["spec"]["deployment"]["command"][1], "1.10");
    assert_eq!(
        value["spec"]["deployment"]["environment"],
        serde_json::json!({ "WORKERS": "3", "DEBUG": "true", "VERSION": "1.10" })
    );
}

#[test]
fn an_anchor_can_be_used_again() {
    let text = "apiVersion: shipway.dev/v1\nkind: Environment\nmetadata: {name: production}\nspec:\n  targets: &all {tier: &t prod}\n  zones: [*t]\n";
    let value = serde_json::to_value(&read_one(text).unwrap()[0].resource).unwrap();
    assert_eq!(value["spec"]["zones"], serde_json::json!(["prod"]));
}
