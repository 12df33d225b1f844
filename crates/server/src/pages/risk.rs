//! A risk as bars beside their numbers: a part of several pages.

use askama::Template;
use askama::filters::HtmlSafe;
use shipway_model::change;

use super::drawing::Svg;

#[derive(Template)]
#[template(path = "risk.html")]
pub(super) struct Risk {
    score: u32,
    /// The most that it could be.
    of: u32,
    /// The heaviest first.
    factors: Vec<Factor>,
}

impl HtmlSafe for Risk {}

struct Factor {
    name: &'static str,
    points: u32,
    of: u32,
    bar: Svg,
    why: String,
}

impl Risk {
    pub(super) fn new(risk: &change::Risk) -> Self {
        // One scale for all, so that lengths compare.
        let most = risk.factors.iter().map(|it| it.of).max().unwrap_or(1);
        let factor = |it: &change::Contribution| Factor {
            name: it.factor.as_str(),
            points: it.points,
            of: it.of,
            bar: bar(it.points, it.of, most),
            why: it.why.clone(),
        };
        Self {
            score: risk.score,
            of: risk.factors.iter().map(|it| it.of).sum(),
            factors: risk.factors.iter().map(factor).collect(),
        }
    }
}

/// As long as the most that the factor could add, on one scale for all, and filled as far as it does.
fn bar(points: u32, of: u32, most: u32) -> Svg {
    Svg::drawn(format!(
        "<svg class=\"span gauge\" viewBox=\"0 0 {most} 1\" preserveAspectRatio=\"none\" aria-hidden=\"true\">\
         <rect class=\"track\" width=\"{of}\" height=\"1\"/><rect class=\"risk\" width=\"{points}\" height=\"1\"/></svg>"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_adds_all_that_it_can_is_full() {
        let drawn = bar(6, 6, 12).to_string();
        assert!(drawn.contains("viewBox=\"0 0 12 1\""), "{drawn}");
        assert_eq!(drawn.matches("width=\"6\"").count(), 2, "{drawn}");
    }
}
