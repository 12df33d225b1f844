//! Pictures, drawn here as SVG: they are there without a script, in print and of the past, and follow the style sheet.
//!
//! Each stands beside a table or a text that says the same, and is hidden from those who cannot see it.

pub(super) mod chart;
pub(super) mod graph;
pub(super) mod split;
pub(super) mod timeline;
pub(super) mod week;

use std::fmt;

use askama::filters::HtmlSafe;

/// An SVG element. What is made of users' texts was escaped by whoever drew it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Svg(String);

impl Svg {
    /// Whoever draws it has escaped the texts in it.
    pub(super) const fn drawn(svg: String) -> Self {
        Self(svg)
    }
}

impl fmt::Display for Svg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl HtmlSafe for Svg {}

/// A text as it may stand in an element or an attribute.
pub(super) fn escaped(text: &str) -> String {
    askama::filters::escape(text, askama::filters::Html).map(|it| it.to_string()).unwrap_or_default()
}
