//! One 2×2 comparison, block after block, in every view that the judge takes of it.

use crate::evidence::log_mean;
use crate::grid::{Chances, Grid, Workspace};
use crate::kernel::Table;

use super::absolute::{self, Difference, N_GAPS};
use super::alternatives::{Alternatives, POINTS_MAX};
use super::config::{Baseline, Direction, Frame, Kind, MetricConfig};
use super::effect::Stratified;
use super::measure::{Tally, directed};
use super::observation::Arm;
use super::ratios::{Ratios, log_sum};
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
    work: Workspace,
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
    /// After warm-up.
    n_blocks: u64,
    /// Everything after warm-up, for people.
    pub(super) seen: Table,
    pub(super) size: Stratified,
}

/// What is tested: ratios always, differences of shares or rates where they are declared.
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

/// One view of one test: likelihood ratios per alternative ratio, and their logarithms per alternative difference.
#[derive(Debug, Clone)]
struct Evidence {
    ratios: Ratios,
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

/// At first alternatives become hopeless with every block; later it is enough to look now and then.
const BLOCKS_EARLY: u64 = 16;
const BLOCKS_BETWEEN: u64 = 8;

impl Channel {
    pub(super) fn new(label: String, metric: &MetricConfig, frame: Frame) -> Self {
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
        let tests = Tests {
            harm: Alternatives::new(metric.margin(), range, N_HARM, |it| {
                (1.0 + (it / PRIOR_SCALE).powi(2)).powf(-1.5)
            }),
            // A canary between a quarter of that harm and a little under it is what health looks like.
            health: Alternatives::even(metric.harm(), (0.95, 0.25), N_HEALTH),
            severe: Alternatives::even(frame.severe_margin.max(metric.margin()), (1.15, 60.0), N_SEVERE),
            margin: bound(metric.margin_absolute).map(|(law, by)| Difference::above(law, by)),
            harm_absolute: bound(metric.harm_absolute).map(|(law, by)| Difference::below(law, by)),
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
            work: Workspace::default(),
            whole: none(N_HARM, n_margin),
            warm_up: none(N_SEVERE, n_margin),
            without: [Vec::new(), Vec::new()],
            instances: Vec::new(),
            against: Vec::new(),
            health: Evidence::none(N_HEALTH, n_harm_absolute, false),
            baseline: frame.baseline,
            is_watch,
            n_blocks: 0,
            tests,
            reporters: [Vec::new(), Vec::new()],
            seen: Table::default(),
            size: Stratified::default(),
        }
    }

    /// Makes room for the slots of an arm. What was seen before a slot was taken was seen without it.
    pub(super) fn admit(&mut self, arm: Arm, n_slots: usize) {
        if self.without[index(arm)].len() == n_slots {
            return;
        }
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
        let Self { likelihood, tests, grids, work, .. } = self;
        let chances = likelihood.chances(&grids.severe, &whole, work);
        self.warm_up.add(chances, &tests.severe, &tests.beyond_margin(&whole), start);
        self.observe_instances(tally, start);
        self.learn(&whole);
    }

    /// Takes in a block after warm-up.
    pub(super) fn observe(&mut self, tally: &Tally, start: Start) {
        self.count(&tally.whole());
        self.note_reporters(tally);
        self.observe_whole(tally, start);
        self.observe_without(tally, start);
        self.observe_against(tally, start);
        self.observe_instances(tally, start);
        self.learn(&directed(tally.whole(), self.direction));
        // What may start anew with every block is never hopeless.
        self.n_blocks += 1;
        let is_due = self.n_blocks < BLOCKS_EARLY || self.n_blocks.is_multiple_of(BLOCKS_BETWEEN);
        if is_due && !self.is_watch {
            self.give_up_the_hopeless();
        }
    }

    /// Also in the views without an instance that reported nothing: there the table is the same.
    fn observe_whole(&mut self, tally: &Tally, start: Start) {
        let table = directed(tally.whole(), self.direction);
        let Self { likelihood, tests, grids, work, .. } = self;
        let (n_harm, n_health) = (tests.harm.len() + 1, tests.health.len() + 1);
        let both = likelihood.chances(&grids.both, &table, work);
        let chances = both.of(0..n_harm);
        let differences = tests.beyond_margin(&table);
        self.whole.add(chances, &tests.harm, &differences, start);
        let of_health = both.of(n_harm..n_harm + n_health);
        self.health.add(of_health, &tests.health, &tests.short_of_harm(&table), Start::Once);
        for arm in [Arm::Control, Arm::Canary] {
            for (slot, view) in self.without[index(arm)].iter_mut().enumerate() {
                if tally.slot(arm, slot).total == 0 {
                    view.add(chances, &tests.harm, &differences, start);
                }
            }
        }
    }

    fn observe_without(&mut self, tally: &Tally, start: Start) {
        let Self { likelihood, tests, grids, work, .. } = self;
        for arm in [Arm::Control, Arm::Canary] {
            for (slot, view) in self.without[index(arm)].iter_mut().enumerate() {
                if tally.slot(arm, slot).total > 0 {
                    let table = directed(tally.without(arm, slot), self.direction);
                    let chances = likelihood.chances(&grids.harm, &table, work);
                    view.add(chances, &tests.harm, &tests.beyond_margin(&table), start);
                }
            }
        }
    }

    fn observe_against(&mut self, tally: &Tally, start: Start) {
        let Self { likelihood, tests, grids, work, .. } = self;
        for (slot, view) in self.against.iter_mut().enumerate() {
            let table = directed(tally.against(slot), self.direction);
            let chances = likelihood.chances(&grids.harm, &table, work);
            view.add(chances, &tests.harm, &tests.beyond_margin(&table), start);
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
        let Self { likelihood, tests, grids, work, .. } = self;
        for (slot, view) in self.instances.iter_mut().enumerate() {
            let table = directed(tally.instance(slot), self.direction);
            let chances = likelihood.chances(&grids.severe, &table, work);
            view.add(chances, &tests.severe, &tests.beyond_margin(&table), start);
        }
    }

    fn learn(&mut self, whole: &Table) {
        for difference in [&mut self.tests.margin, &mut self.tests.harm_absolute].into_iter().flatten() {
            difference.learn(whole);
        }
    }

    /// Forgets the alternatives of harm that are out of reach in every view, and of health.
    fn give_up_the_hopeless(&mut self) {
        let Self { tests, whole, health, without, against, .. } = self;
        let mut of_harm = [false; POINTS_MAX];
        let of_harm = whole.ratios.mark_hopeful(&tests.harm, &mut of_harm);
        if of_harm.contains(&false) {
            for view in without.iter().flatten().chain(&*against) {
                view.ratios.mark_hopeful(&tests.harm, of_harm);
            }
        }
        let mut of_health = [false; POINTS_MAX];
        let of_health = health.ratios.mark_hopeful(&tests.health, &mut of_health);
        if !of_harm.contains(&false) && !of_health.contains(&false) {
            return;
        }
        for view in without.iter_mut().flatten().chain(against).chain([whole]) {
            view.ratios.keep(of_harm, &tests.harm);
        }
        health.ratios.keep(of_health, &tests.health);
        tests.harm.keep(of_harm);
        tests.health.keep(of_health);
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
        let Some((alternatives, evidence)) = self.view(view) else { return 0.0 };
        let of_ratio = evidence.log_e_value(alternatives);
        if evidence.differences.is_empty() {
            return of_ratio;
        }
        of_ratio.min(absolute::log_e_value(&evidence.differences))
    }

    /// A number that the same logarithm does not exceed, and that costs next to nothing.
    pub(super) fn harm_ceiling(&self, view: View) -> f64 {
        self.view(view).map_or(0.0, |(alternatives, evidence)| evidence.ratios.ceiling(alternatives))
    }

    /// None of an instance that has no view of its own.
    fn view(&self, view: View) -> Option<(&Alternatives, &Evidence)> {
        let Tests { harm, severe, .. } = &self.tests;
        Some(match view {
            View::Whole => (harm, &self.whole),
            View::Without(arm, slot) if self.is_only_reporter(arm, slot) => (harm, &self.whole),
            View::Without(arm, slot) => (harm, self.without[index(arm)].get(slot).unwrap_or(&self.whole)),
            View::Instance(slot) => (severe, self.instances.get(slot)?),
            View::WarmUp => (severe, &self.warm_up),
            View::Against(slot) => (harm, self.against.get(slot).unwrap_or(&self.whole)),
        })
    }

    /// Since when the likeliest change has lasted, in a watch that has seen any.
    pub(super) fn since(&self) -> Option<f64> {
        let whole = &self.whole;
        let mut room = [0.0; POINTS_MAX];
        let logs = whole.ratios.logs(&self.tests.harm, &mut room);
        let of_ratio = logs.iter().zip(&whole.since).max_by(|one, other| one.0.total_cmp(other.0));
        of_ratio.filter(|(log, _)| **log > f64::NEG_INFINITY).map(|(_, since)| *since)
    }

    /// Logarithm of the e-value against "as bad as harm". Harm is great in both ways if both are declared, and so an
    /// average of the evidence against either speaks against it.
    pub(super) fn log_health(&self) -> f64 {
        let of_ratio = self.health.log_e_value(&self.tests.health);
        if self.health.differences.is_empty() {
            return of_ratio;
        }
        let of_difference = absolute::log_e_value(&self.health.differences);
        log_mean([(0.5, of_ratio), (0.5, of_difference)].into_iter())
    }

    /// Whether that logarithm is at least `needed`; not being so mostly shows without computing it.
    pub(super) fn is_health_shown(&self, needed: f64) -> bool {
        let has_differences = !self.health.differences.is_empty();
        let may_be = has_differences || self.health.ratios.ceiling(&self.tests.health) >= needed;
        may_be && self.log_health() >= needed
    }
}

impl Likelihood {
    /// Chances of a table under the points of `grid`.
    fn chances<'a>(self, grid: &Grid, table: &Table, work: &'a mut Workspace) -> Chances<'a> {
        match self {
            Self::Odds => grid.chances(table, work),
            Self::Rates => grid.chances_of_counts(table, work),
        }
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
        Self { ratios: Ratios::new(n_ratios, log), differences: vec![log; n_differences], since }
    }

    /// Adds a block: its chances under the null and the alternatives, and the logarithms of the ratios of differences.
    fn add(&mut self, chances: Chances, alternatives: &Alternatives, differences: &[f64], start: Start) {
        if let Start::Anytime { log_share, t } = start {
            let since = &mut self.since;
            self.ratios.restart(log_share, alternatives, |idx| since[idx] = t);
            for sum in &mut self.differences {
                *sum = log_sum(*sum, log_share);
            }
        }
        self.ratios.add(chances, alternatives);
        for (sum, it) in self.differences.iter_mut().zip(differences) {
            *sum += it;
        }
    }

    /// Logarithm of the mixture over the ratios.
    fn log_e_value(&self, alternatives: &Alternatives) -> f64 {
        let mut room = [0.0; POINTS_MAX];
        alternatives.log_e_value(self.ratios.logs(alternatives, &mut room))
    }
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
