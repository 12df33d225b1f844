//! Sentences of the core as people read them: names and commands between backticks as code, instants in the reader's zone
//! and digests by their beginning, each with the whole on hover.

use std::fmt::{self, Write};

use askama::filters::HtmlSafe;
use jiff::Timestamp;
use shipway_model::Digest;

use super::drawing::escaped;
use super::moment::Clock;
use super::words::Hash;

/// One sentence or several. It writes itself as the inside of an element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Prose(String);

impl Prose {
    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Clock {
    pub(super) fn prose(&self, text: &str) -> Prose {
        Prose(told(text, self))
    }
}

impl fmt::Display for Prose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Every part of the text was escaped.
impl HtmlSafe for Prose {}

fn told(text: &str, clock: &Clock) -> String {
    // A backtick alone is somebody's own and says nothing.
    if !text.matches('`').count().is_multiple_of(2) {
        return words(text, clock);
    }
    let mut html = String::with_capacity(text.len() + 16);
    for (idx, part) in text.split('`').enumerate() {
        match idx % 2 {
            0 => html.push_str(&words(part, clock)),
            _ => write!(html, "<code>{}</code>", escaped(part)).expect("a string takes everything"),
        }
    }
    html
}

/// Outside of code: instants are told in the reader's zone.
fn words(text: &str, clock: &Clock) -> String {
    let mut html = String::with_capacity(text.len());
    for word in text.split_inclusive(' ') {
        let bare = word.trim_end_matches([' ', '.', ',', ';', ':', ')']).trim_start_matches('(');
        match instant(bare).map(|at| clock.moment(at).to_string()).or_else(|| digest(bare)) {
            Some(told) => {
                let (before, after) = word.split_once(bare).unwrap_or_default();
                html.push_str(&escaped(before));
                html.push_str(&told);
                html.push_str(&escaped(after));
            }
            None => html.push_str(&escaped(word)),
        }
    }
    html
}

/// Its beginning, with the whole on hover.
fn digest(word: &str) -> Option<String> {
    let digest: Digest = word.strip_prefix("sha256:").and(word.parse().ok())?;
    Some(Hash(digest).to_string())
}

/// Of RFC 3339 in UTC, as the core writes it.
fn instant(word: &str) -> Option<Timestamp> {
    let is_like = word.len() >= "2026-01-01T00:00:00Z".len() && word.ends_with('Z') && word.starts_with("20");
    is_like.then(|| word.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;

    use super::*;

    fn check(text: &str, html: &str) {
        let clock = Clock {
            zone: TimeZone::get("Europe/Berlin").unwrap(),
            now: "2026-11-21T12:00:00Z".parse().unwrap(),
        };
        assert_eq!(clock.prose(text).to_string(), html);
    }

    #[test]
    fn what_stands_between_backticks_is_code() {
        check("`shipway change show x` says who", "<code>shipway change show x</code> says who");
        check("one ` alone is kept", "one ` alone is kept");
    }

    #[test]
    fn instants_are_the_readers() {
        check(
            "it was withdrawn at 2026-11-21T11:00:00.116Z.",
            "it was withdrawn at <time datetime=\"2026-11-21T11:00:00.116Z\" title=\"2026-11-21 11:00:00.116 UTC\">12:00:00</time>.",
        );
        check("version 2026-11-21", "version 2026-11-21");
    }

    #[test]
    fn digests_are_told_by_their_beginning() {
        let digest = format!("sha256:{}", "55eef607e73bb4ed".repeat(4));
        let told =
            format!("not as in <code class=\"hash\" title=\"{digest}\">55eef607e73b</code>: shop.json");
        check(&format!("not as in {digest}: shop.json"), &told);
    }

    #[test]
    fn whatever_people_wrote_is_escaped() {
        check("<b>`<i>` & so on", "&#60;b&#62;<code>&#60;i&#62;</code> &#38; so on");
    }
}
