//! The frame around every page, and the headers that keep it to itself.

use askama::Template;
use axum::extract::Query;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, VARY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderName, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use shipway_runtime::Head;

use super::asset::{ASSETS, Assets};
use super::moment::Moment;
use super::words::grouped;

/// Nothing from elsewhere, nothing inline, no frames around it.
const POLICY: &str = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// A part of the navigation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Area {
    Now,
    Rollouts,
    Releases,
    Changes,
    Services,
    Environments,
    Calendar,
    Ledger,
    /// Reached from elsewhere.
    Aside,
}

impl Area {
    pub(super) const LISTED: [Self; 8] = [
        Self::Now,
        Self::Rollouts,
        Self::Releases,
        Self::Changes,
        Self::Services,
        Self::Environments,
        Self::Calendar,
        Self::Ledger,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Now => "Now",
            Self::Rollouts => "Rollouts",
            Self::Releases => "Releases",
            Self::Changes => "Changes",
            Self::Services => "Services",
            Self::Environments => "Environments",
            Self::Calendar => "Calendar",
            Self::Ledger => "Ledger",
            Self::Aside => "",
        }
    }

    pub(super) const fn path(self) -> &'static str {
        match self {
            Self::Now | Self::Aside => "/",
            Self::Rollouts => "/rollouts",
            Self::Releases => "/releases",
            Self::Changes => "/changes",
            Self::Services => "/services",
            Self::Environments => "/environments",
            Self::Calendar => "/calendar",
            Self::Ledger => "/ledger",
        }
    }

    /// The outline of its sign, as the data of an SVG path on 20 by 20.
    pub(super) const fn outline(self) -> &'static str {
        match self {
            Self::Now | Self::Aside => "M3 10.5 10 4l7 6.5M5 9v7h10V9",
            Self::Rollouts => "M4 14h6V6h6M13 3l3 3-3 3",
            Self::Releases => "M3.5 6.5 10 3l6.5 3.5v7L10 17l-6.5-3.5zM3.5 6.5 10 10l6.5-3.5M10 10v7",
            Self::Changes => "M4 3.5h12v9H9l-3 4v-4H4zM7 8l2 2 4-4",
            Self::Services => "M4 4h5v5H4zM11 11h5v5h-5zM9 6.5h4.5V11",
            Self::Environments => "M3 4h14v4H3zM3 12h14v4H3zM6 6h.01M6 14h.01",
            Self::Calendar => "M3.5 5h13v11.5h-13zM3.5 8.5h13M7 3v3.5M13 3v3.5",
            Self::Ledger => "M5 3h10v14H5zM7.5 7h5M7.5 10h5M7.5 13h3",
        }
    }
}

/// Whom and what a page is for.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    pub(super) area: Area,
    /// Nobody on the sign-in page.
    pub(super) reader: Option<Reader<'a>>,
}

pub(super) struct Reader<'a> {
    pub(super) name: &'a str,
    pub(super) csrf: &'a str,
    /// The zone that the page is written for.
    pub(super) zone: &'a str,
    /// Where the content comes from again.
    pub(super) here: &'a str,
    /// How the content stays true.
    pub(super) motion: Motion,
    pub(super) ledger: Ledger,
    /// The past that is looked at.
    pub(super) past: Option<Then>,
}

impl Reader<'_> {
    fn events(&self) -> String {
        grouped(self.ledger.size)
    }

    /// The page's address without its query.
    fn path(&self) -> &str {
        self.here.split('?').next().unwrap_or("/")
    }

    /// The same page as of now.
    fn present(&self) -> String {
        let query = self.here.split_once('?').map_or("", |(_, query)| query);
        let kept = query.split('&').filter(|it| !it.is_empty() && !it.starts_with("asOf="));
        let kept: Vec<&str> = kept.collect();
        if kept.is_empty() { self.path().to_owned() } else { format!("{}?{}", self.path(), kept.join("&")) }
    }

    /// The fields of its query, the instant left out.
    fn fields(&self) -> Vec<(String, String)> {
        let uri = self.here.parse::<Uri>().ok();
        let fields = uri.and_then(|it| Query::<Vec<(String, String)>>::try_from_uri(&it).ok());
        let fields = fields.map(|Query(it)| it).unwrap_or_default();
        fields.into_iter().filter(|(name, _)| name != "asOf").collect()
    }
}

/// The instant that is looked back at.
pub(super) struct Then {
    pub(super) at: Moment,
}

/// How the content stays true while it is on a screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Motion {
    /// It does not change.
    Still,
    /// With the ledger.
    Live,
    /// With the ledger, and with time too: something counts seconds.
    Ticking,
}

impl Motion {
    /// When the content is fetched again, as htmx has it.
    const fn trigger(self) -> &'static str {
        match self {
            Self::Still => "",
            Self::Live => "ledger from:#live",
            Self::Ticking => "ledger from:#live, every 5s",
        }
    }
}

/// The ledger in one line.
#[derive(Debug, Clone)]
pub(super) struct Ledger {
    pub(super) size: u64,
    /// Its size now, where `size` is that of the past.
    pub(super) whole: u64,
    pub(super) root: String,
}

impl From<Head> for Ledger {
    fn from(head: Head) -> Self {
        Self { size: head.size, whole: head.size, root: head.root.short() }
    }
}

#[derive(Template)]
#[template(path = "document.html")]
struct Document<'a> {
    assets: &'a Assets,
    frame: &'a Frame<'a>,
    content: &'a str,
}

#[derive(Template)]
#[template(path = "footer.html")]
struct Footer<'a> {
    reader: &'a Reader<'a>,
}

/// A whole page around `content`, which is HTML already.
pub(super) fn page(status: StatusCode, frame: &Frame<'_>, content: &str) -> Response {
    let mut content = content.to_owned();
    if let Some(reader) = &frame.reader {
        content += &footer(reader);
    }
    let document = Document { assets: &ASSETS, frame, content: &content };
    html(status, document.render().expect("texts take everything"))
}

/// The same content without the frame, for a page that is there already.
pub(super) fn part(reader: &Reader<'_>, content: &str) -> String {
    format!("{content}{}", footer(reader))
}

fn footer(reader: &Reader<'_>) -> String {
    Footer { reader }.render().expect("texts take everything")
}

/// HTML that is never kept by a browser or proxy: it shows what only this person may see.
pub(super) fn html(status: StatusCode, text: impl IntoResponse) -> Response {
    let headers: [(HeaderName, &str); 6] = [
        (CONTENT_TYPE, "text/html; charset=utf-8"),
        (CONTENT_SECURITY_POLICY, POLICY),
        (CACHE_CONTROL, "no-store"),
        (VARY, "HX-Request"),
        // To ourselves alone: without it, browsers would not say where a form comes from.
        (REFERRER_POLICY, "same-origin"),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, headers, text).into_response()
}

/// Leads every link of a page of the past to the same past. `query` is `asOf=…`.
///
/// Users' texts hold no quotes once they are escaped, so what looks like a link here is one of a template's.
pub(super) fn carry(content: &str, query: &str) -> String {
    let mut carried = String::with_capacity(content.len() + content.len() / 8);
    let mut pieces = content.split(" href=\"/");
    carried.push_str(pieces.next().unwrap_or_default());
    for piece in pieces {
        carried.push_str(" href=\"/");
        let (path, rest) = piece.split_once('"').unwrap_or((piece, ""));
        let (path, anchor) = match path.split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (path, None),
        };
        carried.push_str(path);
        if !path.starts_with("api/") && !path.starts_with("assets/") && !path.contains("asOf=") {
            carried.push_str(if path.contains('?') { "&amp;" } else { "?" });
            carried.push_str(query);
        }
        if let Some(anchor) = anchor {
            carried.push('#');
            carried.push_str(anchor);
        }
        carried.push('"');
        carried.push_str(rest);
    }
    carried
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_of_the_past_lead_to_the_same_past() {
        let check = |content: &str, carried: &str| assert_eq!(carry(content, "asOf=T"), carried);
        check("<a href=\"/\">x</a>", "<a href=\"/?asOf=T\">x</a>");
        check("<a class=\"b\" href=\"/r?x=1#s\">", "<a class=\"b\" href=\"/r?x=1&amp;asOf=T#s\">");
        check("<a href=\"/api/v1/x\"> <a href=\"#s\">", "<a href=\"/api/v1/x\"> <a href=\"#s\">");
        check("<a href=\"/r?asOf=U\">", "<a href=\"/r?asOf=U\">");
        check("no link", "no link");
    }
}
