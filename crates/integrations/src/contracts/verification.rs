//! Results of verifications of pacts, as a Pact Broker gives them.
//!
//! The broker's resource names the provider and its version; the pact stands in its links, as
//! `…/pacts/provider/P/consumer/C/pact-version/SHA/verification-results/N` and as the pact's own address with the consumer's
//! version. A result that was written elsewhere may say `consumerName` and `consumerVersionNumber` in their place.

use serde_json::Value;
use shipway_model::contract::PactVerification;

use crate::evidence::Fault;

/// Most failures that are kept.
const FAILURES_MAX: usize = 20;
/// Longest sentence of one, in characters.
const FAILURE_CHARS_MAX: usize = 300;

pub(super) fn read(text: &str) -> Result<PactVerification, Fault> {
    let document: Value = serde_json::from_str(text).map_err(|it| {
        Fault::at(it.line() as u64, it.column().max(1) as u64, "the verification is no JSON".to_owned())
    })?;
    let said = |pointer: &str| document.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
    let links = ["/_links/self/href", "/_links/pb:pact-version/href", "/_links/pb:pact-version/0/href"];
    let links: Vec<String> = links.iter().filter_map(|it| said(it)).collect();
    let linked = |word: &str| links.iter().find_map(|it| after(it, word));
    let missing = |what: &str| Fault::new(format!("nothing says {what}"));
    let passed = document.get("success").and_then(Value::as_bool);
    let verification = PactVerification {
        consumer: said("/consumerName")
            .or_else(|| linked("consumer"))
            .ok_or_else(|| missing("whose pact it is"))?,
        provider: said("/providerName")
            .or_else(|| linked("provider"))
            .ok_or_else(|| missing("which provider was verified"))?,
        content: None,
        broker_version: linked("pact-version"),
        consumer_version: said("/consumerVersionNumber").or_else(|| linked("version")),
        provider_version: said("/providerApplicationVersion"),
        passed: passed.ok_or_else(|| Fault::new("`success` is neither true nor false"))?,
        failures: document.get("testResults").map(failures).unwrap_or_default(),
    };
    if verification.broker_version.is_none() && verification.consumer_version.is_none() {
        return Err(missing("which version of the pact was verified"));
    }
    Ok(verification)
}

/// The segment of a link's path after the one that is `word`, decoded.
pub(super) fn after(link: &str, word: &str) -> Option<String> {
    let path = link.split(['?', '#']).next()?;
    let mut segments = path.split('/').skip_while(|it| *it != word);
    segments.next()?;
    let found = segments.next().filter(|it| !it.is_empty())?;
    Some(decoded(found))
}

fn decoded(segment: &str) -> String {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        let hex = |it: u8| char::from(it).to_digit(16);
        match (first, tail) {
            (b'%', [high, low, after @ ..]) if hex(*high).is_some() && hex(*low).is_some() => {
                let value = hex(*high).unwrap_or(0) * 16 + hex(*low).unwrap_or(0);
                bytes.push(u8::try_from(value).unwrap_or(b'?'));
                rest = after;
            }
            (other, _) => {
                bytes.push(*other);
                rest = tail;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Each verifier has a form of its own; all of them mark what failed, and most describe it. The nesting is bounded by the
/// reader.
fn failures(results: &Value) -> Vec<String> {
    let mut found = Vec::new();
    gather(results, &mut found);
    found
}

fn gather(value: &Value, found: &mut Vec<String>) {
    if found.len() >= FAILURES_MAX {
        return;
    }
    match value {
        Value::Array(items) => items.iter().for_each(|it| gather(it, found)),
        Value::Object(fields) => {
            let word = |key: &str| fields.get(key).and_then(Value::as_str);
            let has_failed =
                fields.get("success") == Some(&Value::Bool(false)) || word("status") == Some("failed");
            let described = ["testDescription", "interactionDescription", "description", "message"];
            match described.iter().find_map(|it| word(it)) {
                Some(said) if has_failed => found.push(said.chars().take(FAILURE_CHARS_MAX).collect()),
                _ => fields.values().for_each(|it| gather(it, found)),
            }
        }
        _ => {}
    }
}
