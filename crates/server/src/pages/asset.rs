//! The style sheet and the script, embedded, under names that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use shipway_api::Code;
use shipway_model::Digest;

use crate::problem::{Failure, shown};

pub(super) struct Asset {
    /// For example `page-0123456789ab.css`.
    pub(super) name: String,
    media: &'static str,
    text: &'static str,
}

pub(super) static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("css", "text/css; charset=utf-8", include_str!("../../assets/page.css")));
pub(super) static SCRIPT: LazyLock<Asset> = LazyLock::new(|| {
    Asset::new("js", "text/javascript; charset=utf-8", include_str!("../../assets/page.js"))
});
pub(super) static ICON: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("svg", "image/svg+xml", include_str!("../../assets/icon.svg")));

impl Asset {
    fn new(extension: &str, media: &'static str, text: &'static str) -> Self {
        Self { name: format!("page-{}.{extension}", Digest::of(text.as_bytes()).short()), media, text }
    }
}

pub(super) async fn handle(Path(name): Path<String>) -> Result<Response, Failure> {
    let asset = [&*STYLE, &*SCRIPT, &*ICON].into_iter().find(|it| it.name == name);
    let asset =
        asset.ok_or_else(|| Failure::new(Code::NotFound, format!("there is no `{}`", shown(&name))))?;
    let headers = [
        (CONTENT_TYPE, asset.media),
        // The name changes with the content, so this one is right for ever.
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((headers, asset.text).into_response())
}
