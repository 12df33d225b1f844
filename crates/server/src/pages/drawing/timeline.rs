//! When something happens within a whole, as a bar that is as wide as there is room.

use std::fmt;

use askama::filters::HtmlSafe;

/// The drawing is so many units wide.
const WIDTH: u64 = 10_000;
/// So that what takes no time is seen too.
const WIDTH_MIN: u64 = 60;

/// One stretch of a whole. It writes itself as an SVG element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::pages) struct Bar {
    start: u64,
    width: u64,
    class: &'static str,
}

impl Bar {
    /// `start`, `length` and `whole` are in the same unit.
    pub(in crate::pages) fn new(start: u64, length: u64, whole: u64, class: &'static str) -> Self {
        let scaled = |it: u64| (u128::from(it) * u128::from(WIDTH) / u128::from(whole.max(1))) as u64;
        let width = scaled(length).clamp(WIDTH_MIN, WIDTH);
        Self { start: scaled(start).min(WIDTH - width), width, class }
    }
}

impl fmt::Display for Bar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, width, class } = self;
        write!(
            f,
            "<svg class=\"span\" viewBox=\"0 0 {WIDTH} 10\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
             <rect class=\"{class}\" x=\"{start}\" width=\"{width}\" height=\"10\"/></svg>"
        )
    }
}

impl HtmlSafe for Bar {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bar_never_leaves_the_whole() {
        for (start, length, whole) in [(0, 0, 0), (5, 0, 5), (0, 9, 5), (u64::MAX, u64::MAX, 1), (3, 2, 10)] {
            let bar = Bar::new(start, length, whole, "work");
            assert!(bar.width >= WIDTH_MIN && bar.start + bar.width <= WIDTH, "{bar:?}");
        }
        assert_eq!(Bar::new(3, 2, 10, "work"), Bar { start: 3000, width: 2000, class: "work" });
    }
}
