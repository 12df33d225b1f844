//! Descriptions of interfaces: OpenAPI, AsyncAPI, Protobuf, GraphQL, pacts and their verifications. [`crate::contracts`] reads them.

use std::io::Read;

use serde_json::Value;
use shipway_model::contract::Contract;
use shipway_model::evidence::Normal;

use super::{Fault, Format, Head, Sniff, Source, clean};
use crate::contracts;

pub(super) const FORMAT: Format = Format {
    name: "contract",
    summary: "Interfaces: OpenAPI 3.0 and 3.1 and AsyncAPI 2 and 3 in JSON or YAML, Protobuf, GraphQL schemas, pacts of the specifications 2 to 4, and their verifications as a Pact Broker gives them.",
    sniff,
    read,
};

/// Texts of lines that other formats have too are taken only where the file's name says so.
fn sniff(head: &Head<'_>) -> Sniff {
    let named = |endings: &[&str]| {
        head.file_name.is_some_and(|name| endings.iter().any(|it| name.to_ascii_lowercase().ends_with(it)))
    };
    match contracts::language(head.text) {
        None => Sniff::No,
        Some(_) if head.text.starts_with('{') || head.text.starts_with("openapi:") => Sniff::Sure,
        Some(_) if head.text.starts_with("asyncapi:") => Sniff::Sure,
        Some(_) if head.text.starts_with("syntax") => Sniff::Sure,
        Some(_) if named(&[".proto", ".graphql", ".graphqls", ".gql", ".yaml", ".yml"]) => Sniff::Sure,
        Some(_) => Sniff::No,
    }
}

fn read(source: Source<'_>) -> Result<Normal, Fault> {
    let mut text = String::new();
    let limit = contracts::DESCRIPTION_BYTES_MAX as u64 + 1;
    source.take(limit).read_to_string(&mut text).map_err(|it| Fault::new(it.to_string()))?;
    let contract = contracts::read(&text)?;
    // Cleaned, it would be another contract: names and values are compared.
    if serde_json::to_value(&contract).is_ok_and(|it| steers(&it)) {
        return Err(Fault::new("a text of the description holds control characters"));
    }
    let about = match &contract {
        Contract::Openapi(it) => Some(format!("{} {}", it.title, it.version)),
        Contract::Protobuf(it) => Some(it.package.clone()),
        Contract::Pact(it) => Some(format!("{} expects of {}", it.consumer, it.provider)),
        Contract::Asyncapi(it) => Some(format!("{} {}", it.title, it.version)),
        Contract::PactVerification(it) => Some(format!("{} as {} expects it", it.provider, it.consumer)),
        Contract::Graphql(_) => None,
    };
    Ok(Normal {
        format: FORMAT.name.to_owned(),
        format_version: Some(contract.word().to_owned()),
        about,
        contracts: Some(vec![contract]),
        ..Normal::default()
    })
}

fn steers(value: &Value) -> bool {
    let is_steering = |it: &str| it.chars().any(|it| clean::is_harmful(it) && it != '\r');
    match value {
        Value::String(text) => is_steering(text),
        Value::Array(items) => items.iter().any(steers),
        Value::Object(fields) => fields.iter().any(|(key, it)| is_steering(key) || steers(it)),
        _ => false,
    }
}
