//! What is asked of a comparison, and the odds under which its blocks are looked at.

use crate::grid::{Chances, Grid};
use crate::kernel::Table;

use super::super::absolute::Difference;
use super::super::alternatives::Alternatives;
use super::super::config::{Frame, Kind, MetricConfig};
use super::Likelihood;

/// What is tested: ratios always, differences of shares or rates where they are declared.
#[derive(Debug, Clone)]
pub(super) struct Questions {
    /// Is it worse than the margin?
    pub(super) harm: Alternatives,
    /// Is it better than harm?
    pub(super) health: Alternatives,
    /// Is it a catastrophe?
    pub(super) severe: Alternatives,
    /// The same before any of them was given up.
    pub(super) severe_at_first: Alternatives,
    /// Is it none?
    pub(super) sound: Alternatives,
    /// The null of harm holds as well while the difference is within this bound.
    pub(super) margin: Option<Difference>,
    /// Health is also shown by a difference that stays below this bound.
    pub(super) harm_absolute: Option<Difference>,
}

/// The points of the questions, each one's null ahead of its alternatives.
#[derive(Debug, Clone)]
pub(super) struct Grids {
    /// Harm, then health.
    pub(super) both: Grid,
    pub(super) harm: Grid,
    pub(super) severe: Grid,
    /// Of a single instance: severe, then sound.
    pub(super) alone: Grid,
}

/// Alternatives per question; with their null they fill whole lanes of the grid.
const N_HARM: usize = 15;
const N_HEALTH: usize = 7;
const N_SEVERE: usize = 7;

/// What health looks like: from a quarter of what is ruled out to a little under it.
const HEALTHY: (f64, f64) = (0.95, 0.25);

/// Small regressions are the ones that take long to find, so the mixture leans towards them: the density of Student's t
/// with two degrees of freedom, of this scale in the logarithm of the ratio to the margin. Great ones are found within
/// seconds all the same.
const PRIOR_SCALE: f64 = 0.7;

impl Questions {
    pub(super) fn new(metric: &MetricConfig, frame: Frame) -> Self {
        let range = match metric.kind {
            Kind::Proportion | Kind::Count => (1.15, 60.0),
            Kind::Latency | Kind::Mean => (1.03, 6.0),
        };
        // Of latency and means the values themselves are moved by the margin.
        let law = match metric.kind {
            Kind::Proportion => Some(Likelihood::Odds),
            Kind::Count => Some(Likelihood::Rates),
            Kind::Latency | Kind::Mean => None,
        };
        let unit = metric.unit_of_rate();
        let bound = |by: Option<f64>| Some((law?, by? / unit));
        let catastrophe = frame.severe_margin.max(metric.margin());
        let severe = Alternatives::even(catastrophe, (1.15, 60.0), N_SEVERE);
        Self {
            harm: Alternatives::new(metric.margin(), range, N_HARM, |it| {
                (1.0 + (it / PRIOR_SCALE).powi(2)).powf(-1.5)
            }),
            health: Alternatives::even(metric.harm(), HEALTHY, N_HEALTH),
            severe_at_first: severe.clone(),
            severe,
            sound: Alternatives::even(catastrophe, HEALTHY, N_HEALTH),
            margin: bound(metric.margin_absolute).map(|(law, by)| Difference::above(law, by)),
            harm_absolute: bound(metric.harm_absolute).map(|(law, by)| Difference::below(law, by)),
        }
    }

    pub(super) fn beyond_margin(&self, table: &Table) -> Vec<f64> {
        self.margin.as_ref().map_or_else(Vec::new, |it| it.log_ratios(table))
    }

    pub(super) fn short_of_harm(&self, table: &Table) -> Vec<f64> {
        self.harm_absolute.as_ref().map_or_else(Vec::new, |it| it.log_ratios(table))
    }

    /// What chances under the grid `both` are of harm, and of health.
    pub(super) fn parts_of_both<'a>(&self, chances: &Chances<'a>) -> [Chances<'a>; 2] {
        parts(chances, &self.harm, &self.health)
    }

    /// What chances under the grid `alone` are of a catastrophe, and of none.
    pub(super) fn parts_of_alone<'a>(&self, chances: &Chances<'a>) -> [Chances<'a>; 2] {
        parts(chances, &self.severe, &self.sound)
    }
}

fn parts<'a>(chances: &Chances<'a>, one: &Alternatives, other: &Alternatives) -> [Chances<'a>; 2] {
    let (n_one, n_other) = (one.len() + 1, other.len() + 1);
    [chances.of(0..n_one), chances.of(n_one..n_one + n_other)]
}

impl Grids {
    pub(super) fn new(questions: &Questions) -> Self {
        let Questions { harm, health, severe, sound, .. } = questions;
        let both =
            |one: &Alternatives, other: &Alternatives| Grid::new([one.points(), other.points()].concat());
        Self {
            both: both(harm, health),
            harm: Grid::new(harm.points()),
            severe: Grid::new(severe.points()),
            alone: both(severe, sound),
        }
    }
}
