//! Style sheet, scripts and icon, embedded, under names that change with their content.

use std::sync::LazyLock;

use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::{IntoResponse, Response};
use shipway_api::Code;
use shipway_model::Digest;

use crate::problem::{Failure, shown};

const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

pub(super) struct Asset {
    /// For example `page-0123456789ab.css`.
    pub(super) name: String,
    media: &'static str,
    text: &'static str,
}

/// What every page asks for, in one place each. `assets/vendor` holds other people's, as they published them.
pub(super) struct Assets {
    pub(super) style: Asset,
    pub(super) script: Asset,
    pub(super) htmx: Asset,
    pub(super) sse: Asset,
    pub(super) icon: Asset,
}

pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: Asset::new("page", "css", "text/css; charset=utf-8", include_str!("../../assets/page.css")),
    script: Asset::new("page", "js", JAVASCRIPT, include_str!("../../assets/page.js")),
    htmx: Asset::new("htmx", "js", JAVASCRIPT, include_str!("../../assets/vendor/htmx.min.js")),
    sse: Asset::new("sse", "js", JAVASCRIPT, include_str!("../../assets/vendor/hx-sse.min.js")),
    icon: Asset::new("icon", "svg", "image/svg+xml", include_str!("../../assets/icon.svg")),
});

impl Asset {
    fn new(stem: &str, extension: &str, media: &'static str, text: &'static str) -> Self {
        Self { name: format!("{stem}-{}.{extension}", Digest::of(text.as_bytes()).short()), media, text }
    }
}

impl Assets {
    fn find(&self, name: &str) -> Option<&Asset> {
        [&self.style, &self.script, &self.htmx, &self.sse, &self.icon].into_iter().find(|it| it.name == name)
    }
}

pub(super) async fn handle(Path(name): Path<String>) -> Result<Response, Failure> {
    let asset = ASSETS.find(&name);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// `assets/vendor/README.md` says where each file comes from and what it hashes to.
    #[test]
    fn other_peoples_scripts_are_as_they_published_them() {
        let told = include_str!("../../assets/vendor/README.md");
        for asset in [&ASSETS.htmx, &ASSETS.sse] {
            let digest = Digest::of(asset.text.as_bytes()).hex();
            assert!(told.contains(&digest), "{} is {digest}, which the README does not name", asset.name);
        }
    }
}
