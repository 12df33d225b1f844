//! The frame around every page, and the headers that keep it to itself.

use askama::Template;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};

use super::asset;

/// Nothing from elsewhere, nothing inline, no frames around it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "document.html")]
struct Document<'a> {
    title: &'a str,
    style: &'a str,
    script: &'a str,
    icon: &'a str,
    /// Who is signed in; nobody on the sign-in page.
    name: Option<&'a str>,
    /// Where the content is fetched again from; a page without one stays as it is.
    live: Option<&'a str>,
    content: &'a str,
}

/// A whole page around `content`, which is HTML already.
pub(super) fn page(
    status: StatusCode,
    title: &str,
    name: Option<&str>,
    live: Option<&str>,
    content: &str,
) -> Response {
    let (style, script, icon) = (&asset::STYLE.name, &asset::SCRIPT.name, &asset::ICON.name);
    let document = Document { title, style, script, icon, name, live, content };
    html(status, document.render().expect("texts take everything"))
}

/// HTML that is never kept by a browser or proxy: it shows what only this person may see.
pub(super) fn html(status: StatusCode, text: String) -> Response {
    let headers: [(HeaderName, &str); 5] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (REFERRER_POLICY, "no-referrer"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}
