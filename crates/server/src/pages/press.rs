//! Pages, style and scripts in fewer bytes, for browsers that take gzip.
//!
//! A page is a whole text before it is sent, so it is pressed as a whole; what many readers are shown alike is pressed once
//! and comes here with [`Pressed`] beside it. Event streams pass as they are. That a page holds a secret (its form's token)
//! beside what an address may make it say is no way in: the session's cookie is `SameSite=Strict`, so another site cannot
//! have such a page sent over and over and watch its length.

use std::io::Write;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::HeaderMap;
use axum::http::HeaderValue;
use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, VARY};
use axum::middleware::Next;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Body as _;

/// Below this, a packet is sent either way.
const BYTES_MIN: u64 = 1024;
/// No page is larger; whatever is goes as it is.
const BYTES_MAX: usize = 8 * 1024 * 1024;
/// Pages repeat themselves, so that little work finds most of it.
const LEVEL: u32 = 3;

/// What a response's body is when it is pressed.
#[derive(Debug, Clone)]
pub(super) struct Pressed(pub(super) Bytes);

impl Pressed {
    pub(super) fn of(text: &[u8]) -> Self {
        let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::new(LEVEL));
        encoder.write_all(text).expect("memory takes everything");
        Self(encoder.finish().expect("memory takes everything").into())
    }
}

pub(super) async fn press(request: Request, next: Next) -> Response {
    let takes = takes_gzip(request.headers());
    let mut response = next.run(request).await;
    if !is_text(response.headers()) || response.headers().contains_key(CONTENT_ENCODING) {
        return response;
    }
    response.headers_mut().append(VARY, HeaderValue::from_static("Accept-Encoding"));
    let size = response.body().size_hint().exact();
    match takes && size.is_some_and(|it| it >= BYTES_MIN && it <= BYTES_MAX as u64) {
        true => pressed(response).await,
        false => response,
    }
}

async fn pressed(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = match parts.extensions.remove::<Pressed>() {
        Some(Pressed(bytes)) => bytes,
        // A text in memory does not fail halfway, and is no longer than it said.
        None => Pressed::of(&to_bytes(body, BYTES_MAX).await.unwrap_or_default()).0,
    };
    parts.headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

fn is_text(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok()).unwrap_or_default();
    ["text/html", "text/css", "text/javascript", "image/svg+xml"].iter().any(|it| media.starts_with(it))
}

/// Whether gzip is among what is taken, and not refused by `q=0` (RFC 9110, 12.5.3).
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|it| it.to_str().ok());
    let refused = |parameter: &str| {
        let weight = parameter.trim().strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
        weight.is_some_and(|it| it <= 0.0)
    };
    values.flat_map(|it| it.split(',')).any(|coding| {
        let mut parts = coding.split(';');
        let name = parts.next().unwrap_or_default().trim();
        name.eq_ignore_ascii_case("gzip") && !parts.any(refused)
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use flate2::read::GzDecoder;

    use super::*;

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_refused() {
        let check = |value: &'static str, takes: bool| {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(takes_gzip(&headers), takes, "{value}");
        };
        check("gzip, deflate, br, zstd", true);
        check("br;q=1.0, GZIP;q=0.5", true);
        check("br, gzip;q=0", false);
        check("gzip;q=0.000", false);
        check("identity", false);
        check("", false);
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_is_pressed_reads_back() {
        let text = "<li><a class=\"row\" href=\"/rollouts/1\">".repeat(500);
        let Pressed(bytes) = Pressed::of(text.as_bytes());
        assert!(bytes.len() * 10 < text.len(), "{} of {}", bytes.len(), text.len());
        let mut read = String::new();
        GzDecoder::new(&bytes[..]).read_to_string(&mut read).unwrap();
        assert_eq!(read, text);
    }
}
