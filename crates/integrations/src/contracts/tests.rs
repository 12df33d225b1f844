//! Every language read, and what is broken or made to hurt refused.

use serde_json::{Value, json};
use shipway_model::contract::Type;

use super::*;

const OPENAPI: &str = "openapi: 3.0.3\ninfo: {title: shop, version: 1.2.0}\npaths:\n  /orders:\n    get:\n      responses:\n        200: {description: ok}\n";
const PROTO: &str = "syntax = \"proto3\";\npackage shop.v1;\noption go_package = \"example.com/shop\";\nmessage Order {\n  reserved 3, 5 to 7;\n  reserved \"old\";\n  string order_id = 1;\n  optional State state = 2;\n  oneof paid { Card card = 8; int64 cash = 9; }\n  map<string, int32> counts = 10;\n  message Card { string number = 1; }\n}\nenum State { OPEN = 0; PAID = 1; }\nservice Orders { rpc Watch(Order) returns (stream Order); }\n";
const GRAPHQL: &str = "\"The shop\"\ntype Query { order(id: ID!, first: Int = 10): Order @deprecated }\ntype Order implements Node { id: ID! lines: [String!]! }\ninterface Node { id: ID! }\nenum State { OPEN PAID }\nunion Any = Order\ninput New { id: ID! }\nscalar Date\nextend type Order { state: State }\n";
const PACT: &str = r#"{"consumer": {"name": "web"}, "provider": {"name": "checkout"}, "interactions": [
    {"description": "an order", "request": {"method": "GET", "path": "/orders/1"}, "response": {"status": 200}},
    {"description": "no order", "response": {"status": 404}, "request": {"path": "/orders/2", "method": "GET"}}
  ], "metadata": {"pactSpecification": {"version": "3.0.0"}}}"#;

#[test]
fn contracts_are_kept_as_they_were_read() {
    for text in [OPENAPI, PROTO, GRAPHQL, PACT, ASYNCAPI, VERIFICATION] {
        let contract = read(text).unwrap();
        let kept = serde_json::to_value(&contract).unwrap();
        assert_eq!(serde_json::from_value::<Contract>(kept.clone()).unwrap(), contract);
        assert_eq!(serde_json::from_str::<Contract>(&kept.to_string()).unwrap(), contract);
    }
}

#[test]
fn openapi_is_read_from_yaml_and_json() {
    let Contract::Openapi(yaml) = read(OPENAPI).unwrap() else { panic!("it is OpenAPI") };
    assert_eq!((yaml.title.as_str(), yaml.version.as_str()), ("shop", "1.2.0"));
    assert_eq!(yaml.document["paths"]["/orders"]["get"]["responses"]["200"]["description"], "ok");
    let Contract::Openapi(again) = read(&yaml.document.to_string()).unwrap() else { panic!("it is OpenAPI") };
    assert_eq!(yaml, again);
    assert!(read("openapi: 2.0.0\ninfo: {}").unwrap_err().message.contains("not known"));
    assert!(read("openapi: 3.1.0\ninfo: {version: '1'}").unwrap_err().message.contains("info.title"));
}

#[test]
fn protobuf_names_are_whole_and_fields_say_what_they_are() {
    let Contract::Protobuf(file) = read(PROTO).unwrap() else { panic!("it is Protobuf") };
    assert_eq!((file.package.as_str(), file.syntax.as_str()), ("shop.v1", "proto3"));
    assert_eq!(file.options["go_package"], "example.com/shop");
    let order = serde_json::to_value(&file.messages["shop.v1.Order"]).unwrap();
    let field = |number: &str, name: &str| order["fields"][number][name].clone();
    assert_eq!([field("1", "json_name"), field("1", "cardinality")], [json!("orderId"), json!("implicit")]);
    assert_eq!([field("2", "type"), field("2", "cardinality")], [json!("shop.v1.State"), json!("optional")]);
    assert_eq!([field("8", "type"), field("8", "oneof")], [json!("shop.v1.Order.Card"), json!("paid")]);
    assert_eq!([field("2", "oneof"), field("10", "cardinality")], [Value::Null, json!("repeated")]);
    assert_eq!(order["reserved"], json!({"ranges": [[3, 3], [5, 7]], "names": ["old"]}));
    assert_eq!(file.enums["shop.v1.State"].values[&1].first().unwrap(), "PAID");
    let watch = &file.services["shop.v1.Orders"]["Watch"];
    assert!(watch.server_streams && !watch.client_streams && watch.request == "shop.v1.Order", "{watch:?}");
}

#[test]
fn graphql_types_are_read_with_their_extensions() {
    let Contract::Graphql(schema) = read(GRAPHQL).unwrap() else { panic!("it is GraphQL") };
    assert_eq!(schema.roots.iter().collect::<Vec<_>>(), [(&"query".to_owned(), &"Query".to_owned())]);
    assert_eq!(schema.types.len(), 7);
    let Type::Object(query) = &schema.types["Query"] else { panic!("it is an object") };
    let order = &query.fields["order"];
    assert!(order.deprecated && order.arguments["first"].default.as_deref() == Some("10"), "{order:?}");
    let Type::Object(order) = &schema.types["Order"] else { panic!("it is an object") };
    assert_eq!(order.fields["lines"].type_name, "[String!]!");
    assert!(order.fields.contains_key("state") && order.implements.contains("Node"));
}

#[test]
fn the_order_of_a_pacts_interactions_and_fields_does_not_matter() {
    let Contract::Pact(pact) = read(PACT).unwrap() else { panic!("it is a pact") };
    assert_eq!([&pact.consumer, &pact.provider, &pact.specification], ["web", "checkout", "3.0.0"]);
    assert_eq!(pact.interactions, ["an order", "no order"]);
    let mut turned: Value = serde_json::from_str(PACT).unwrap();
    turned["interactions"].as_array_mut().unwrap().reverse();
    let Contract::Pact(turned) = read(&turned.to_string()).unwrap() else { panic!("it is a pact") };
    assert_eq!(turned.content, pact.content);
    let Contract::Pact(other) = read(&PACT.replace("404", "410")).unwrap() else { panic!("it is a pact") };
    assert_ne!(other.content, pact.content);
}

const ASYNCAPI: &str =
    "asyncapi: 3.0.0\ninfo: {title: shop, version: 1.2.0}\nchannels:\n  paid: {address: shop.paid}\n";
/// In the form of the broker's resource, with addresses of ours.
const VERIFICATION: &str = r#"{"providerName": "checkout", "providerApplicationVersion": "1.1.0", "success": false,
  "verificationDate": "2026-05-01T10:00:00+00:00",
  "testResults": {"tests": [{"status": "passed", "testDescription": "an order"}, {"status": "failed", "testDescription": "no order"}]},
  "_links": {
    "self": {"href": "http://broker.example/pacts/provider/checkout/consumer/Order%20Web/pact-version/abc123/verification-results/7"},
    "pb:pact-version": {"href": "http://broker.example/pacts/provider/checkout/consumer/Order%20Web/version/2.0.0"}
  }}"#;

#[test]
fn asyncapi_is_read_and_other_versions_of_it_are_refused() {
    let Contract::Asyncapi(it) = read(ASYNCAPI).unwrap() else { panic!("it is AsyncAPI") };
    assert_eq!((it.title.as_str(), it.version.as_str()), ("shop", "1.2.0"));
    let second = ASYNCAPI.replace("3.0.0", "2.6.0");
    assert!(matches!(read(&second), Ok(Contract::Asyncapi(_))));
    assert!(read(&ASYNCAPI.replace("3.0.0", "1.2.0")).unwrap_err().message.contains("2 and 3 are"));
}

#[test]
fn the_brokers_links_say_which_pact_was_verified() {
    let Contract::PactVerification(it) = read(VERIFICATION).unwrap() else { panic!("it is a verification") };
    assert_eq!([&it.consumer, &it.provider], ["Order Web", "checkout"]);
    assert_eq!(it.broker_version.as_deref(), Some("abc123"));
    assert_eq!(
        (it.consumer_version.as_deref(), it.provider_version.as_deref()),
        (Some("2.0.0"), Some("1.1.0"))
    );
    assert!(!it.passed && it.failures == ["no order"], "{it:?}");
    let links = r#", "_links": {"pb:publish-verification-results": {"href": "http://broker.example/pacts/provider/checkout/consumer/web/pact-version/abc123/verification-results"}}}"#;
    let fetched = format!("{}{links}", PACT.trim_end().strip_suffix('}').unwrap());
    let Contract::Pact(pact) = read(&fetched).unwrap() else { panic!("it is a pact") };
    let Contract::Pact(own) = read(PACT).unwrap() else { panic!("it is a pact") };
    assert_eq!((pact.broker_version.as_deref(), pact.content), (Some("abc123"), own.content));
    for (without, why) in [("\"success\": false,", "neither true nor false"), ("\"_links\"", "whose pact")] {
        let text = VERIFICATION
            .replace(without, if without.starts_with("\"_") { "\"_\"" } else { "\"success\": 1," });
        let fault = read(&text).unwrap_err();
        assert!(fault.message.contains(why), "{fault}");
    }
}

#[test]
fn what_is_broken_or_made_to_hurt_is_refused() {
    for text in [
        String::new(),
        "hello".to_owned(),
        "{}".to_owned(),
        "syntax = \"proto3\";\nmessage A {".to_owned(),
        format!("syntax = \"proto3\";\n{}", "message A {".repeat(100_000)),
        format!("type Query {{ a: {}Int }}", "[".repeat(100_000)),
        "type Query { a: ".to_owned(),
        "type A { a: Int }\ntype A { b: Int }".to_owned(),
        "extend type A { a: Int }\ntype A { b: Int }\nextend union A = B".to_owned(),
        format!("openapi: 3.0.0\nx: {}", "[".repeat(100_000)),
        PACT.replace("\"name\": \"web\"", "\"n\": 1"),
        PACT[..PACT.len() - 2].to_owned(),
    ] {
        let shown: String = text.chars().take(60).collect();
        assert!(read(&text).is_err(), "{shown}");
    }
    let mut bomb = "openapi: 3.0.0\na0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n".to_owned();
    for level in 1..12 {
        bomb += &format!("a{level}: &a{level} [{}]\n", format!("*a{},", level - 1).repeat(9));
    }
    assert!(read(&bomb).is_err(), "aliases of aliases");
}
