//! One 2×2 comparison, block after block, in every view that the judge takes of it.

use crate::evidence::log_mean;
use crate::grid::Grid;
use crate::kernel::Table;

use super::absolute::{self, Difference, N_GAPS};
use super::alternatives::{Alternatives, keep};
use super::config::{Baseline, Direction, Frame, Kind, MetricConfig};
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
    /// All of canary against one slot of control alone: a past period of a seasonal baseline.
    Against(usize),
}

/// When the evidence of a channel may start.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Start {
    /// With the first block.
    Once,
    /// With any block; this one has a part of the budget, given as its logarithm. Its own start is in seconds.
    Anytime { log_share: f64, t: f64 },
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
    tests: Tests,
    grids: Grids,
    whole: Evidence,
    warm_up: Evidence,
    /// Per arm and slot.
    without: [Vec<Evidence>; 2],
    instances: Vec<Evidence>,
    /// Per slot of control, if the baseline is seasonal.
    against: Vec<Evidence>,
    health: Evidence,
    /// Per arm and slot: whether it ever reported this channel.
    reporters: [Vec<bool>; 2],
    baseline: Baseline,
    is_watch: bool,
    /// Everything after warm-up, for people.
    pub(super) seen: Table,
    pub(super) size: Stratified,
}

/// What is tested: ratios always, differences of shares where they are declared.
#[derive(Debug, Clone)]
struct Tests {
    harm: Alternatives,
    health: Alternatives,
    severe: Alternatives,
    /// The null of harm holds as well while the difference is within this bound.
    margin: Option<Difference>,
    /// Health is also shown by a difference that stays below this bound.
    harm_absolute: Option<Difference>,
}

/// One view of one test: logarithms of likelihood ratios, per alternative ratio and per alternative difference.
#[derive(Debug, Clone)]
struct Evidence {
    ratios: Vec<f64>,
    differences: Vec<f64>,
    /// Since when the evidence of each ratio has gathered, in a watch.
    since: Vec<f64>,
}

/// The points of the tests, each test's null ahead of its alternatives.
#[derive(Debug, Clone)]
struct Grids {
    /// Harm, then health.
    both: Grid,
    harm: Grid,
    severe: Grid,
}

/// Alternatives per test; with their null they fill whole lanes of the grid.
const N_HARM: usize = 15;
const N_HEALTH: usize = 7;
const N_SEVERE: usize = 7;

impl Channel {
    pub(super) fn new(label: String, metric: &MetricConfig, frame: Frame) -> Self {
        let range = match metric.kind {
            Kind::Proportion | Kind::Count => (1.15, 60.0),
            Kind::Latency | Kind::Mean => (1.03, 6.0),
        };
        let is_share = metric.kind == Kind::Proportion;
        let tests = Tests {
            harm: Alternatives::new(metric.margin(), range, N_HARM, |it| {
                (1.0 + (it / PRIOR_SCALE).powi(2)).powf(-1.5)
            }),
            // A canary between a quarter of that harm and a little under it is what health looks like.
            health: Alternatives::even(metric.harm(), (0.95, 0.25), N_HEALTH),
            severe: Alternatives::even(frame.severe_margin.max(metric.margin()), (1.15, 60.0), N_SEVERE),
            margin: metric.margin_absolute.filter(|_| is_share).map(Difference::above),
            harm_absolute: metric.harm_absolute.filter(|_| is_share).map(Difference::below),
        };
        let n_margin = if tests.margin.is_some() { N_GAPS } else { 0 };
        let is_watch = frame.is_watch;
        let none = |n_ratios, n_differences| Evidence::none(n_ratios, n_differences, is_watch);
        let n_harm_absolute = if tests.harm_absolute.is_some() { N_GAPS } else { 0 };
        Self {
            label,
            is_beyond: false,
            likelihood: if metric.kind == Kind::Count { Likelihood::Rates } else { Likelihood::Odds },
            direction: metric.direction(),
            grids: Grids::new(&tests),
            whole: none(N_HARM, n_margin),
            warm_up: none(N_SEVERE, n_margin),
            without: [Vec::new(), Vec::new()],
            instances: Vec::new(),
            against: Vec::new(),
            health: Evidence::none(N_HEALTH, n_harm_absolute, false),
            baseline: frame.baseline,
            is_watch,
            tests,
            reporters: [Vec::new(), Vec::new()],
            seen: Table::default(),
            size: Stratified::default(),
        }
    }

    /// Makes room for the slots of an arm. What was seen before a slot was taken was seen without it.
    pub(super) fn admit(&mut self, arm: Arm, n_slots: usize) {
        self.without[index(arm)].resize(n_slots, self.whole.clone());
        let n_differences = self.warm_up.differences.len();
        let none = |n_ratios| Evidence::none(n_ratios, n_differences, self.is_watch);
        match arm {
            Arm::Canary => self.instances.resize(n_slots, none(N_SEVERE)),
            Arm::Control if self.baseline == Baseline::Seasonal => {
                self.against.resize(n_slots, none(self.tests.harm.len()));
            }
            Arm::Control => {}
        }
    }

    /// Takes in a block during warm-up.
    pub(super) fn observe_warm_up(&mut self, tally: &Tally, start: Start) {
        let whole = directed(tally.whole(), self.direction);
        let ratios = self.likelihoods(&self.grids.severe, &whole);
        let differences = self.tests.beyond_margin(&whole);
        self.warm_up.add(&ratios, &differences, start);
        self.observe_instances(tally, start);
        self.learn(&whole);
    }

    /// Takes in a block after warm-up.
    pub(super) fn observe(&mut self, tally: &Tally, start: Start) {
        self.count(&tally.whole());
        self.note_reporters(tally);
        let whole = directed(tally.whole(), self.direction);
        let both = self.likelihoods(&self.grids.both, &whole);
        let ratios = both.get(..=self.tests.harm.len()).unwrap_or_default();
        let differences = self.tests.beyond_margin(&whole);
        self.whole.add(ratios, &differences, start);
        let of_health = both.get(ratios.len()..).unwrap_or_default();
        self.health.add(of_health, &self.tests.short_of_harm(&whole), Start::Once);
        for arm in [Arm::Control, Arm::Canary] {
            for slot in 0..self.without[index(arm)].len() {
                // Without an instance that reported nothing the table is the same as with it.
                if tally.slot(arm, slot).total == 0 {
                    self.without[index(arm)][slot].add(ratios, &differences, start);
                } else {
                    let table = directed(tally.without(arm, slot), self.direction);
                    let ratios = self.likelihoods(&self.grids.harm, &table);
                    let differences = self.tests.beyond_margin(&table);
                    self.without[index(arm)][slot].add(&ratios, &differences, start);
                }
            }
        }
        for slot in 0..self.against.len() {
            let table = directed(tally.against(slot), self.direction);
            let ratios = self.likelihoods(&self.grids.harm, &table);
            let differences = self.tests.beyond_margin(&table);
            self.against[slot].add(&ratios, &differences, start);
        }
        self.observe_instances(tally, start);
        self.learn(&whole);
        // What may start anew with every block is never hopeless.
        if !self.is_watch {
            self.give_up_the_hopeless();
        }
    }

    fn note_reporters(&mut self, tally: &Tally) {
        for arm in [Arm::Control, Arm::Canary] {
            let reporters = &mut self.reporters[index(arm)];
            reporters.resize(self.without[index(arm)].len(), false);
            for (slot, reports) in reporters.iter_mut().enumerate() {
                *reports |= tally.slot(arm, slot).total > 0;
            }
        }
    }

    /// Whether nothing would be left of the arm without this slot, because no other one ever reported this channel.
    fn is_only_reporter(&self, arm: Arm, slot: usize) -> bool {
        let reporters = &self.reporters[index(arm)];
        let others = reporters.iter().enumerate().any(|(other, reports)| other != slot && *reports);
        reporters.get(slot).is_some_and(|it| *it) && !others
    }

    fn observe_instances(&mut self, tally: &Tally, start: Start) {
        // The only instance is the whole canary.
        if self.instances.len() < 2 {
            return;
        }
        for slot in 0..self.instances.len() {
            let table = directed(tally.instance(slot), self.direction);
            let ratios = self.likelihoods(&self.grids.severe, &table);
            let differences = self.tests.beyond_margin(&table);
            self.instances[slot].add(&ratios, &differences, start);
        }
    }

    /// Likelihoods under the points of `grid`; none if the margins leave only one possible table.
    fn likelihoods(&self, grid: &Grid, table: &Table) -> Vec<f64> {
        let mut found = Vec::new();
        match self.likelihood {
            Likelihood::Odds if !table.is_certain() => grid.log_likelihoods(table, &mut found),
            Likelihood::Rates if table.canary_total > 0 && table.control_total > 0 && table.hits() > 0 => {
                grid.log_count_likelihoods(table, &mut found);
            }
            Likelihood::Odds | Likelihood::Rates => {}
        }
        found
    }

    fn learn(&mut self, whole: &Table) {
        for difference in [&mut self.tests.margin, &mut self.tests.harm_absolute].into_iter().flatten() {
            difference.learn(whole);
        }
    }

    /// Forgets the alternatives of harm that are out of reach in every view, and of health.
    fn give_up_the_hopeless(&mut self) {
        let mut harm: Vec<bool> = Alternatives::are_hopeful(&self.whole.ratios).collect();
        if harm.contains(&false) {
            for view in self.without.iter().flatten().chain(&self.against) {
                for (mark, is_hopeful) in harm.iter_mut().zip(Alternatives::are_hopeful(&view.ratios)) {
                    *mark |= is_hopeful;
                }
            }
        }
        let health: Vec<bool> = Alternatives::are_hopeful(&self.health.ratios).collect();
        if !harm.contains(&false) && !health.contains(&false) {
            return;
        }
        self.tests.harm.keep(&harm);
        self.tests.health.keep(&health);
        for view in self.without.iter_mut().flatten().chain(&mut self.against).chain([&mut self.whole]) {
            keep(&mut view.ratios, &harm);
        }
        keep(&mut self.health.ratios, &health);
        self.grids = Grids::new(&self.tests);
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

    /// Logarithm of the e-value against "not worse than the margin", in this view. A canary within the absolute margin
    /// is not worse, whatever the ratio is: then both have to be ruled out.
    pub(super) fn log_harm(&self, view: View) -> f64 {
        let (alternatives, evidence) = match view {
            View::Whole => (&self.tests.harm, &self.whole),
            View::Without(arm, slot) if self.is_only_reporter(arm, slot) => (&self.tests.harm, &self.whole),
            View::Without(arm, slot) => {
                (&self.tests.harm, self.without[index(arm)].get(slot).unwrap_or(&self.whole))
            }
            View::Instance(slot) => match self.instances.get(slot) {
                Some(evidence) => (&self.tests.severe, evidence),
                None => return 0.0,
            },
            View::WarmUp => (&self.tests.severe, &self.warm_up),
            View::Against(slot) => (&self.tests.harm, self.against.get(slot).unwrap_or(&self.whole)),
        };
        let of_ratio = alternatives.log_e_value(&evidence.ratios);
        if evidence.differences.is_empty() {
            return of_ratio;
        }
        of_ratio.min(absolute::log_e_value(&evidence.differences))
    }

    /// Since when the likeliest change has lasted, in a watch that has seen any.
    pub(super) fn since(&self) -> Option<f64> {
        let whole = &self.whole;
        let of_ratio = whole.ratios.iter().zip(&whole.since).max_by(|one, other| one.0.total_cmp(other.0));
        of_ratio.filter(|(log, _)| **log > f64::NEG_INFINITY).map(|(_, since)| *since)
    }

    /// Logarithm of the e-value against "as bad as harm". Harm is great in both ways if both are declared, and so an
    /// average of the evidence against either speaks against it.
    pub(super) fn log_health(&self) -> f64 {
        let of_ratio = self.tests.health.log_e_value(&self.health.ratios);
        if self.health.differences.is_empty() {
            return of_ratio;
        }
        let of_difference = absolute::log_e_value(&self.health.differences);
        log_mean([(0.5, of_ratio), (0.5, of_difference)].into_iter())
    }
}

impl Tests {
    fn beyond_margin(&self, table: &Table) -> Vec<f64> {
        self.margin.as_ref().map_or_else(Vec::new, |it| it.log_ratios(table))
    }

    fn short_of_harm(&self, table: &Table) -> Vec<f64> {
        self.harm_absolute.as_ref().map_or_else(Vec::new, |it| it.log_ratios(table))
    }
}

impl Evidence {
    fn none(n_ratios: usize, n_differences: usize, is_watch: bool) -> Self {
        // A watch has spent nothing yet; a test has started.
        let log = if is_watch { f64::NEG_INFINITY } else { 0.0 };
        let since = if is_watch { vec![0.0; n_ratios] } else { Vec::new() };
        Self { ratios: vec![log; n_ratios], differences: vec![log; n_differences], since }
    }

    /// Adds the logarithms of the ratios to the first likelihood, the null's, and those of the differences.
    fn add(&mut self, likelihoods: &[f64], differences: &[f64], start: Start) {
        if let Start::Anytime { log_share, t } = start {
            for (idx, sum) in self.ratios.iter_mut().enumerate() {
                if *sum < log_share {
                    self.since[idx] = t;
                }
                *sum = log_sum(*sum, log_share);
            }
            for sum in &mut self.differences {
                *sum = log_sum(*sum, log_share);
            }
        }
        if let Some((null, alternatives)) = likelihoods.split_first() {
            for (sum, it) in self.ratios.iter_mut().zip(alternatives) {
                *sum += it - null;
            }
        }
        for (sum, it) in self.differences.iter_mut().zip(differences) {
            *sum += it;
        }
    }
}

/// ln(exp(one) + exp(other)).
fn log_sum(one: f64, other: f64) -> f64 {
    let (less, more) = if one < other { (one, other) } else { (other, one) };
    if less == f64::NEG_INFINITY { more } else { more + (less - more).exp().ln_1p() }
}

impl Grids {
    fn new(tests: &Tests) -> Self {
        let (harm, health) = (tests.harm.points(), tests.health.points());
        Self {
            both: Grid::new([harm.as_slice(), &health].concat()),
            harm: Grid::new(harm),
            severe: Grid::new(tests.severe.points()),
        }
    }
}

/// Small regressions are the ones that take long to find, so the mixture leans towards them: the density of Student's t
/// with two degrees of freedom, of this scale in the logarithm of the ratio to the margin. Great ones are found within
/// seconds all the same.
const PRIOR_SCALE: f64 = 0.7;
