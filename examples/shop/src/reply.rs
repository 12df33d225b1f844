//! The answers that the services give.

use bytes::Bytes;
use http::{Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;

pub type Reply = Response<Full<Bytes>>;

pub fn json(status: StatusCode, body: &impl Serialize) -> Reply {
    let bytes = serde_json::to_vec(body).expect("the shop's own types are always JSON");
    reply(status, "application/json", bytes.into())
}

pub fn html(text: String) -> Reply {
    reply(StatusCode::OK, "text/html; charset=utf-8", text.into())
}

/// `{"error": message}`.
pub fn error(status: StatusCode, message: &str) -> Reply {
    json(status, &serde_json::json!({ "error": message }))
}

pub fn not_found() -> Reply {
    error(StatusCode::NOT_FOUND, "there is nothing here")
}

/// An answer of a neighbour, as it came.
pub fn pass_on(answer: Response<Bytes>) -> Reply {
    let (parts, body) = answer.into_parts();
    reply(parts.status, "application/json", body)
}

fn reply(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(header::CONTENT_TYPE, header::HeaderValue::from_static(content_type));
    reply
}
