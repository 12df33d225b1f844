//! A risk as bars beside their numbers: a part of several pages.

use askama::Template;
use askama::filters::HtmlSafe;
use shipway_model::change;

use super::drawing::timeline::Bar;

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
    /// Nothing to draw where it adds nothing.
    bar: Option<Bar>,
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
            bar: (it.points > 0).then(|| Bar::new(0, it.points.into(), most.into(), "risk")),
            why: it.why.clone(),
        };
        Self {
            score: risk.score,
            of: risk.factors.iter().map(|it| it.of).sum(),
            factors: risk.factors.iter().map(factor).collect(),
        }
    }
}
