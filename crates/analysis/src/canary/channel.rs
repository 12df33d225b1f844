//! One 2×2 comparison, block after block, in every view that the judge takes of it.

use crate::evidence::log_mean;
use crate::grid::Grid;
use crate::kernel::Table;

use super::config::{Direction, Kind, MetricConfig};
use super::effect::Stratified;
use super::measure::{Tally, directed};
use super::observation::Arm;
use super::roster::index;

/// From where the evidence is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    /// All instances of both arms.
    Whole,
    /// All but those in one slot.
    Without(Arm, usize),
    /// One canary instance against all of control, against a catastrophe.
    Instance(usize),
    /// All instances during warm-up, against a catastrophe.
    WarmUp,
}

/// How the chance of a block's hits depends on the ratio in question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likelihood {
    /// Fisher's noncentral hypergeometric, in the odds ratio.
    Odds,
    /// Binomial given the sum, in the ratio of rates.
    Rates,
}

#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// What is a hit, for people.
    pub(super) label: String,
    /// Whether control had no hit in the reference. Such a channel finds harm, but is asked for no evidence of health.
    pub(super) is_beyond: bool,
    likelihood: Likelihood,
    direction: Direction,
    grids: Grids,
    harm: Vec<f64>,
    health: Vec<f64>,
    warm_up: Vec<f64>,
    /// Per arm and slot.
    without: [Vec<Vec<f64>>; 2],
    instances: Vec<Vec<f64>>,
    /// Everything after warm-up, for people.
    pub(super) seen: Table,
    pub(super) size: Stratified,
}

/// The alternatives of each test, the first of them its null.
#[derive(Debug, Clone)]
struct Grids {
    /// Harm, then health.
    both: Grid,
    harm: Grid,
    severe: Grid,
    harm_log_shares: Vec<f64>,
}

/// Alternatives per test; with their null they fill whole lanes.
const N_HARM: usize = 23;
const N_HEALTH: usize = 15;
const N_SEVERE: usize = 7;

impl Channel {
    pub(super) fn new(label: String, metric: &MetricConfig, severe_margin: f64) -> Self {
        let (from, to) = match metric.kind {
            Kind::Proportion | Kind::Count => (1.15, 60.0),
            Kind::Latency | Kind::Mean => (1.03, 6.0),
        };
        let (margin, bad) = (metric.margin(), metric.harm());
        let harm = with_null(margin, from, to, N_HARM);
        // A canary between a quarter of that harm and a little under it is what health looks like.
        let health = with_null(bad, 0.25, 0.95, N_HEALTH);
        let severe = with_null(severe_margin.max(margin), 1.15, 60.0, N_SEVERE);
        let shares = harm[1..].iter().map(|odds| 1.0 / (1.0 + ((odds / margin).ln() / PRIOR_SCALE).powi(2)));
        let sum: f64 = shares.clone().sum();
        let grids = Grids {
            harm_log_shares: shares.map(|it| (it / sum).ln()).collect(),
            both: Grid::new([harm.as_slice(), &health].concat()),
            harm: Grid::new(harm),
            severe: Grid::new(severe),
        };
        Self {
            label,
            is_beyond: false,
            likelihood: if metric.kind == Kind::Count { Likelihood::Rates } else { Likelihood::Odds },
            direction: metric.direction(),
            grids,
            harm: vec![0.0; N_HARM],
            health: vec![0.0; N_HEALTH],
            warm_up: vec![0.0; N_SEVERE],
            without: [Vec::new(), Vec::new()],
            instances: Vec::new(),
            seen: Table::default(),
            size: Stratified::default(),
        }
    }

    /// Makes room for the slots of an arm. What was seen before a slot was taken was seen without it.
    pub(super) fn admit(&mut self, arm: Arm, n_slots: usize) {
        self.without[index(arm)].resize(n_slots, self.harm.clone());
        if arm == Arm::Canary {
            self.instances.resize(n_slots, vec![0.0; N_SEVERE]);
        }
    }

    /// Takes in a block during warm-up.
    pub(super) fn observe_warm_up(&mut self, tally: &Tally) {
        let ratios = self.ratios(&self.grids.severe, tally.whole());
        add(&ratios, N_SEVERE, &mut self.warm_up);
        self.observe_instances(tally);
    }

    /// Takes in a block after warm-up.
    pub(super) fn observe(&mut self, tally: &Tally) {
        let whole = tally.whole();
        self.count(&whole);
        let ratios = self.ratios(&self.grids.both, whole);
        add(&ratios, N_HARM, &mut self.harm);
        add(ratios.get(N_HARM + 1..).unwrap_or_default(), N_HEALTH, &mut self.health);
        for arm in [Arm::Control, Arm::Canary] {
            for slot in 0..self.without[index(arm)].len() {
                // Without an instance that reported nothing the table is the same as with it.
                if tally.slot(arm, slot).total == 0 {
                    add(&ratios, N_HARM, &mut self.without[index(arm)][slot]);
                } else {
                    let ratios = self.ratios(&self.grids.harm, tally.without(arm, slot));
                    add(&ratios, N_HARM, &mut self.without[index(arm)][slot]);
                }
            }
        }
        self.observe_instances(tally);
    }

    fn observe_instances(&mut self, tally: &Tally) {
        // The only instance is the whole canary.
        if self.instances.len() < 2 {
            return;
        }
        for slot in 0..self.instances.len() {
            let ratios = self.ratios(&self.grids.severe, tally.instance(slot));
            add(&ratios, N_SEVERE, &mut self.instances[slot]);
        }
    }

    /// Likelihoods under the points of `grid`; none if the margins leave only one possible table.
    fn ratios(&self, grid: &Grid, table: Table) -> Vec<f64> {
        let table = directed(table, self.direction);
        let mut ratios = Vec::new();
        match self.likelihood {
            Likelihood::Odds if !table.is_certain() => grid.log_likelihoods(&table, &mut ratios),
            Likelihood::Rates if table.canary_total > 0 && table.control_total > 0 && table.hits() > 0 => {
                grid.log_count_likelihoods(&table, &mut ratios);
            }
            Likelihood::Odds | Likelihood::Rates => {}
        }
        ratios
    }

    fn count(&mut self, table: &Table) {
        let seen = &mut self.seen;
        seen.canary_total = seen.canary_total.saturating_add(table.canary_total);
        seen.canary_hits = seen.canary_hits.saturating_add(table.canary_hits);
        seen.control_total = seen.control_total.saturating_add(table.control_total);
        seen.control_hits = seen.control_hits.saturating_add(table.control_hits);
        match self.likelihood {
            Likelihood::Odds => self.size.observe_odds(table),
            Likelihood::Rates => self.size.observe_counts(table),
        }
    }

    /// Logarithm of the e-value against "not worse than the margin", in this view.
    pub(super) fn log_harm(&self, view: View) -> f64 {
        let shares = &self.grids.harm_log_shares;
        match view {
            View::Whole => mixed(shares, &self.harm),
            View::Without(arm, slot) => {
                mixed(shares, self.without[index(arm)].get(slot).unwrap_or(&self.harm))
            }
            View::Instance(slot) => self.instances.get(slot).map_or(0.0, |it| averaged(it)),
            View::WarmUp => averaged(&self.warm_up),
        }
    }

    /// Logarithm of the e-value against "as bad as harm".
    pub(super) fn log_health(&self) -> f64 {
        averaged(&self.health)
    }
}

/// Adds the logarithms of the ratios to the first likelihood, the null's.
fn add(likelihoods: &[f64], n_points: usize, into: &mut [f64]) {
    let Some((null, alternatives)) = likelihoods.split_first() else { return };
    for (sum, it) in into.iter_mut().zip(&alternatives[..n_points]) {
        *sum += it - null;
    }
}

fn mixed(log_shares: &[f64], logs: &[f64]) -> f64 {
    let greatest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let sum: f64 = log_shares.iter().zip(logs).map(|(share, log)| (share + log - greatest).exp()).sum();
    greatest + sum.ln()
}

fn averaged(logs: &[f64]) -> f64 {
    let share = 1.0 / logs.len() as f64;
    log_mean(logs.iter().map(|&log| (share, log)))
}

/// The null itself, then `n_points` at equal distances of logarithms between these multiples of it.
fn with_null(null: f64, from: f64, to: f64, n_points: usize) -> Vec<f64> {
    let step = (to / from).ln() / (n_points - 1) as f64;
    let point = |idx| null * from * (step * idx as f64).exp();
    std::iter::once(null).chain((0..n_points).map(point)).collect()
}

/// Small regressions are the ones that take long to find, so the mixture leans towards them: a Cauchy density of this
/// scale in the logarithm of the ratio to the margin. Great ones are found within seconds all the same.
const PRIOR_SCALE: f64 = 0.7;
