//! Pact files of the specifications 2 to 4.

use serde_json::{Map, Value};
use shipway_model::Digest;
use shipway_model::contract::Pact;

use crate::evidence::Fault;

pub(super) fn read(text: &str) -> Result<Pact, Fault> {
    let document: Value = serde_json::from_str(text).map_err(|it| {
        Fault::at(it.line() as u64, it.column().max(1) as u64, "the pact is no JSON".to_owned())
    })?;
    let said = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let specification = ["/metadata/pactSpecification/version", "/metadata/pact-specification/version"]
        .iter()
        .find_map(|it| said(it))
        .or_else(|| said("/metadata/pactSpecificationVersion"))
        .unwrap_or_else(|| "2.0.0".to_owned());
    if !specification.starts_with(['2', '3', '4']) {
        return Err(Fault::new("the specification is not known: 2, 3 and 4 are"));
    }
    let lists = ["interactions", "messages"];
    let all: Vec<&Value> = lists.iter().filter_map(|it| document.get(*it)?.as_array()).flatten().collect();
    if all.is_empty() {
        return Err(Fault::new("the pact expects nothing: it has no interactions"));
    }
    let missing = |what: &str| Fault::new(format!("`{what}.name` is missing"));
    // In any order they are the same expectations.
    let mut canonical: Vec<String> = all.iter().map(|it| sorted(it).to_string()).collect();
    canonical.sort();
    let description =
        |it: &&Value| it.get("description").and_then(Value::as_str).unwrap_or("(unnamed)").to_owned();
    Ok(Pact {
        consumer: said("/consumer/name").ok_or_else(|| missing("consumer"))?,
        provider: said("/provider/name").ok_or_else(|| missing("provider"))?,
        specification,
        content: Digest::of(canonical.join("\n").as_bytes()),
        interactions: all.iter().map(description).collect(),
        // `…/pact-version/SHA/…`, in a pact that was fetched from a broker.
        broker_version: said("/_links/pb:publish-verification-results/href")
            .or_else(|| said("/_links/pb:publish-verification-results/0/href"))
            .and_then(|it| super::verification::after(&it, "pact-version")),
    })
}

/// With the keys of every object in order. The nesting is bounded by the reader.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.iter().collect();
            fields.sort_by_key(|it| it.0);
            Value::Object(
                fields.into_iter().map(|(key, it)| (key.clone(), sorted(it))).collect::<Map<_, _>>(),
            )
        }
        Value::Array(items) => items.iter().map(sorted).collect(),
        plain => plain.clone(),
    }
}
