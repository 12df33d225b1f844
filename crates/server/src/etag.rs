//! Entity tags: the state of a thing as a short hash of what is shown of it.

use crate::problem::Failure;
use axum::http::HeaderMap;
use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
use shipway_api::Code;
use shipway_model::Digest;

/// The tag of an answer's bytes, with its quotes.
pub(crate) fn of(bytes: &[u8]) -> String {
    format!("\"{}\"", Digest::of(bytes).short())
}

/// Whether the caller has this very answer already.
pub(crate) fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    let known = headers.get(IF_NONE_MATCH).and_then(|it| it.to_str().ok());
    known.is_some_and(|it| it.split(',').any(|tag| tag.trim().trim_start_matches("W/") == etag))
}

/// The state that the caller means, when it means one: `*` means any.
pub(crate) fn meant(headers: &HeaderMap) -> Result<Option<String>, Failure> {
    let Some(value) = headers.get(IF_MATCH) else { return Ok(None) };
    let text = value.to_str().unwrap_or_default().trim();
    let quoted = text.len() >= 2 && text.starts_with('"') && text.ends_with('"') && !text.contains(',');
    match text {
        "*" => Ok(None),
        _ if quoted => Ok(Some(text.to_owned())),
        _ => Err(Failure::new(
            Code::InvalidRequest,
            "`If-Match` takes one ETag as it was given, with its quotes",
        )),
    }
}
