//! Descriptions of interfaces, read into [`shipway_model::contract::Contract`].
//!
//! One file a language. A reader is pure: text in, contract or fault out. References that lead out of the file are never
//! followed, nesting is bounded before a parser sees it, and what is larger than a description ever is, is refused.

mod asyncapi;
mod described;
mod graphql;
mod nesting;
mod openapi;
mod pact;
mod protobuf;
mod verification;

use shipway_model::contract::Contract;

use crate::evidence::Fault;

/// Largest description, in bytes. The largest public ones (of cloud providers) stay below 16 MiB.
pub const DESCRIPTION_BYTES_MAX: usize = 32 << 20;

/// Reads a description; its language is found by content.
///
/// # Errors
/// It is in no language that is known, is broken, or is too large or nests too deep.
pub fn read(text: &str) -> Result<Contract, Fault> {
    if text.len() > DESCRIPTION_BYTES_MAX {
        return Err(Fault::new(format!("the description is longer than {DESCRIPTION_BYTES_MAX} bytes")));
    }
    match language(text) {
        Some(Language::OpenApi) => openapi::read(text).map(Contract::Openapi),
        Some(Language::Protobuf) => protobuf::read(text).map(Contract::Protobuf),
        Some(Language::GraphQl) => graphql::read(text).map(Contract::Graphql),
        Some(Language::AsyncApi) => asyncapi::read(text).map(Contract::Asyncapi),
        Some(Language::Pact) => pact::read(text).map(Contract::Pact),
        Some(Language::Verification) => verification::read(text).map(Contract::PactVerification),
        None => Err(Fault::new(
            "it is neither OpenAPI 3 nor AsyncAPI nor Protobuf nor a GraphQL schema nor a pact nor the verification of one",
        )),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    OpenApi,
    Protobuf,
    GraphQl,
    AsyncApi,
    Pact,
    Verification,
}

/// By marks that each language alone has. A beginning of the text is enough, where it holds the mark.
pub(crate) fn language(text: &str) -> Option<Language> {
    let text = text.trim_start_matches(|it: char| it.is_whitespace() || it == '\u{feff}');
    let has_key = |key: &str| {
        let quoted = format!("\"{key}\"");
        text.match_indices(&quoted).any(|(at, _)| text[at + quoted.len()..].trim_start().starts_with(':'))
    };
    if text.starts_with('{') {
        return match () {
            () if has_key("consumer")
                && has_key("provider")
                && (has_key("interactions") || has_key("messages")) =>
            {
                Some(Language::Pact)
            }
            () if has_key("openapi") && has_key("info") => Some(Language::OpenApi),
            () if has_key("asyncapi") && has_key("info") => Some(Language::AsyncApi),
            () if has_key("success") && has_key("providerApplicationVersion") => Some(Language::Verification),
            () => None,
        };
    }
    for line in text.lines() {
        let words: Vec<&str> = line.split_whitespace().take(3).collect();
        match words[..] {
            ["openapi:", ..] => return Some(Language::OpenApi),
            ["asyncapi:", ..] => return Some(Language::AsyncApi),
            ["syntax", "=", ..] | ["package", ..] | ["message", ..] => return Some(Language::Protobuf),
            [word, ..] if word.starts_with("syntax=") => return Some(Language::Protobuf),
            [
                "schema" | "schema{" | "type" | "interface" | "input" | "union" | "scalar" | "directive"
                | "extend",
                ..,
            ] => {
                return Some(Language::GraphQl);
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
