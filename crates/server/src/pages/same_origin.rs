//! Forms are taken from our own pages alone.
//!
//! The session's cookie is `SameSite=Strict`, so another site's form arrives without it. This holds where that does not: for
//! the sign-in, before there is a session, and for other ports of the same machine, which are the same site to a browser.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use shipway_api::Code;

use crate::problem::Failure;

/// What browsers say about where a request comes from (W3C Fetch Metadata).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

pub(super) async fn check(request: Request, next: Next) -> Response {
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && !is_own(request.headers()) {
        return Failure::new(Code::Forbidden, "the form was not sent from a page of this control plane")
            .hint("open the page here and send it again")
            .into_response();
    }
    next.run(request).await
}

/// Programs that are no browsers say nothing, and hold no cookie that somebody else could use.
fn is_own(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).map(|it| it.to_str().unwrap_or_default());
    let site_is_own = text(&SEC_FETCH_SITE).is_none_or(|it| matches!(it, "same-origin" | "none"));
    let host = text(&HOST).unwrap_or_default();
    let origin_is_own = text(&ORIGIN)
        .is_none_or(|it| it.split_once("://").is_some_and(|(_, from)| from.eq_ignore_ascii_case(host)));
    site_is_own && origin_is_own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_others_are_told_by_what_the_browser_says() {
        for (site, origin, own) in [
            (None, None, true),
            (Some("same-origin"), Some("http://127.0.0.1:7000"), true),
            (Some("none"), None, true),
            (Some("same-site"), Some("http://127.0.0.1:8080"), false),
            (Some("cross-site"), None, false),
            (None, Some("http://127.0.0.1:8080"), false),
            (None, Some("http://evil.example"), false),
            (None, Some("null"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, "127.0.0.1:7000".parse().unwrap());
            for (name, value) in [(SEC_FETCH_SITE, site), (ORIGIN, origin)] {
                if let Some(value) = value {
                    headers.insert(name, value.parse().unwrap());
                }
            }
            assert_eq!(is_own(&headers), own, "{site:?} {origin:?}");
        }
    }
}
