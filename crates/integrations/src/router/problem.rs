//! Refusals as problem details (RFC 9457).

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde::Serialize;

/// One refusal. `code` is stable and for programs, `detail` is for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
}

#[derive(Serialize)]
struct Details<'a> {
    title: &'a str,
    status: u16,
    code: &'a str,
    detail: &'a str,
}

impl Problem {
    pub(super) fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Self {
        Self { status, code, detail: detail.into() }
    }

    pub(super) fn into_answer<B: From<Bytes>>(self) -> Response<B> {
        let title = self.status.canonical_reason().unwrap_or_default();
        let details = Details { title, status: self.status.as_u16(), code: self.code, detail: &self.detail };
        let text = serde_json::to_vec(&details).expect("strings and numbers serialise");
        let mut answer = Response::new(B::from(Bytes::from(text)));
        *answer.status_mut() = self.status;
        let kind = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        answer
    }
}
