//! Facts and signed words name people, and are kept under their digests: they cannot be changed, only deleted.

use std::collections::BTreeSet;
use std::io;

use serde_json::Value;
use shipway_engine::State;
use shipway_model::Digest;
use shipway_runtime::erasure::mentions;

use crate::blob::BlobStore;

/// Everything that the control plane itself wrote beside the ledger and that may name somebody: the facts of decisions,
/// and statements as they were signed.
pub(crate) fn candidates(state: &State) -> BTreeSet<Digest> {
    let facts = state.decisions.iter().map(|it| it.facts);
    let signed = state.evidence.iter().filter_map(|it| Some(it.evidence.seal.as_ref()?.envelope));
    facts.chain(signed).collect()
}

/// Those among them in which the name stands, as a whole or as a word of a text. Blocks.
///
/// # Errors
/// One of them is there and cannot be read.
pub(crate) fn about(
    blobs: &BlobStore,
    candidates: &BTreeSet<Digest>,
    subject: &str,
) -> io::Result<Vec<Digest>> {
    let mut found = Vec::new();
    for digest in candidates {
        let Some(bytes) = blobs.read_here(digest)? else { continue };
        if names(&serde_json::from_slice(&bytes)?, subject) {
            found.push(*digest);
        }
    }
    Ok(found)
}

fn names(json: &Value, subject: &str) -> bool {
    match json {
        Value::String(text) => mentions(text, subject),
        Value::Array(items) => items.iter().any(|it| names(it, subject)),
        // Keys are names of things.
        Value::Object(fields) => fields.values().any(|it| names(it, subject)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_is_found_wherever_it_stands_and_parts_of_words_are_no_names() {
        let facts = json!({"evidence": [{"by": "ana", "fileName": "banana.xml"}], "makers": ["Bo Berg"]});
        assert!(names(&facts, "ana") && names(&facts, "bo"));
        assert!(!names(&facts, "an") && !names(&facts, "evidence") && !names(&facts, "eve"));
    }
}
