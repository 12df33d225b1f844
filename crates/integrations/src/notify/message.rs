//! A message as it goes over the line: JSON, signed as Standard Webhooks are (specification 1.0.0, standardwebhooks.com).

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, Mac};
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderName, HeaderValue};
use jiff::Timestamp;
use serde_json::{Value, json};
use sha2_10::Sha256;
use shipway_engine::channel::Message;
use shipway_model::Digest;

/// Before a key that is written in base64.
const KEY_PREFIX: &str = "whsec_";

/// The bytes of a key as it is written.
///
/// # Errors
/// It is empty, or does not read as what it begins like.
pub(super) fn key(text: &str) -> Result<Vec<u8>, String> {
    let bytes = match text.strip_prefix(KEY_PREFIX) {
        Some(encoded) => BASE64_STANDARD.decode(encoded).map_err(|_| {
            format!("the secret begins with `{KEY_PREFIX}` and goes on with what is no base64")
        })?,
        None => text.as_bytes().to_vec(),
    };
    if bytes.is_empty() {
        return Err("the secret is empty, so everybody could sign with it".to_owned());
    }
    Ok(bytes)
}

pub(super) fn body(message: &Message) -> Vec<u8> {
    let mut data = json!({ "text": message.text });
    for (name, value) in &message.about {
        data[*name] = Value::from(value.as_str());
    }
    if !message.people.is_empty() {
        data["people"] = json!(message.people);
    }
    if !message.teams.is_empty() {
        data["teams"] = json!(message.teams);
    }
    json!({
        "type": format!("shipway.{}", message.occasion.as_str()),
        "timestamp": message.at.to_string(),
        "data": data,
    })
    .to_string()
    .into_bytes()
}

/// What the message is known and proven by. `webhook-id` stays the same when it comes again.
pub(super) fn headers(key: &[u8], id: Digest, now: Timestamp, body: &[u8]) -> HeaderMap {
    let (id, at) = (format!("msg_{}", id.hex()), now.as_second().to_string());
    let signature = format!("v1,{}", sign(key, &id, &at, body));
    let plain = |text: &str| HeaderValue::from_str(text).expect("ids, numbers and base64 are plain");
    [
        (HeaderName::from_static("webhook-id"), plain(&id)),
        (HeaderName::from_static("webhook-timestamp"), plain(&at)),
        (HeaderName::from_static("webhook-signature"), plain(&signature)),
        (CONTENT_TYPE, HeaderValue::from_static("application/json")),
    ]
    .into_iter()
    .collect()
}

/// HMAC-SHA-256 over `id.timestamp.body`, in base64.
pub(super) fn sign(key: &[u8], id: &str, at: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    for part in [id.as_bytes(), b".", at.as_bytes(), b".", body] {
        mac.update(part);
    }
    BASE64_STANDARD.encode(mac.finalize().into_bytes())
}
