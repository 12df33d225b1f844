//! One 2×2 comparison, block after block, in every view that the judge takes of it.

use crate::grid::{Chances, Grid, Workspace};
use crate::kernel::Table;

use super::alternatives::{Alternatives, POINTS_MAX};
use super::config::{Baseline, Direction, Frame, Kind, MetricConfig};
use super::effect::Stratified;
use super::measure::{Tally, directed};
use super::observation::Arm;
use super::roster::index;

mod evidence;
mod health;
mod questions;

use evidence::Evidence;
use health::Health;
use questions::{Grids, Questions};

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
    questions: Questions,
    grids: Grids,
    work: Workspace,
    whole: Evidence,
    warm_up: Evidence,
    /// Per arm and slot.
    without: [Vec<Evidence>; 2],
    instances: Vec<Evidence>,
    /// Per slot of control, if the baseline is seasonal.
    against: Vec<Evidence>,
    health: Health,
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

/// At first alternatives become hopeless with every block; later it is enough to look now and then.
const BLOCKS_EARLY: u64 = 16;
const BLOCKS_BETWEEN: u64 = 8;

impl Channel {
    pub(super) fn new(label: String, metric: &MetricConfig, frame: Frame) -> Self {
        let questions = Questions::new(metric, frame);
        let is_watch = frame.is_watch;
        let none = |of| Evidence::none(of, questions.margin.as_ref(), is_watch);
        Self {
            label,
            is_beyond: false,
            likelihood: if metric.kind == Kind::Count { Likelihood::Rates } else { Likelihood::Odds },
            direction: metric.direction(),
            grids: Grids::new(&questions),
            work: Workspace::default(),
            whole: none(&questions.harm),
            warm_up: none(&questions.severe),
            without: [Vec::new(), Vec::new()],
            instances: Vec::new(),
            against: Vec::new(),
            health: Health::new(&questions, frame),
            baseline: frame.baseline,
            is_watch,
            n_blocks: 0,
            questions,
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
        if arm == Arm::Canary {
            self.expect_catastrophes();
        }
        let Questions { harm, severe, margin, .. } = &self.questions;
        let none = |of| Evidence::none(of, margin.as_ref(), self.is_watch);
        match arm {
            Arm::Canary => self.instances.resize(n_slots, none(severe)),
            Arm::Control if self.baseline == Baseline::Seasonal => {
                self.against.resize(n_slots, none(harm));
            }
            Arm::Control => {}
        }
    }

    /// Takes in a block during warm-up.
    pub(super) fn observe_warm_up(&mut self, tally: &Tally, start: Start) {
        let whole = directed(tally.whole(), self.direction);
        let Self { likelihood, questions, grids, work, .. } = self;
        let chances = likelihood.chances(&grids.severe, &whole, work);
        self.warm_up.add(chances, &questions.severe, &questions.beyond_margin(&whole), start);
        self.observe_instances(tally, start);
        self.learn(&whole);
    }

    /// Takes in a block after warm-up.
    pub(super) fn observe(&mut self, tally: &Tally, start: Start) {
        self.count(&tally.whole());
        self.note_reporters(tally);
        self.health.begin(&self.questions, self.without[index(Arm::Canary)].len(), tally);
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
        let Self { likelihood, questions, grids, work, .. } = self;
        let both = likelihood.chances(&grids.both, &table, work);
        let [of_harm, of_health] = questions.parts_of_both(&both);
        let differences = questions.beyond_margin(&table);
        self.whole.add(of_harm, &questions.harm, &differences, start);
        let short_of_harm = questions.short_of_harm(&table);
        self.health.observe_whole(of_health, questions, &short_of_harm);
        for arm in [Arm::Control, Arm::Canary] {
            for (slot, view) in self.without[index(arm)].iter_mut().enumerate() {
                if tally.slot(arm, slot).total > 0 {
                    continue;
                }
                view.add(of_harm, &questions.harm, &differences, start);
                if arm == Arm::Canary {
                    self.health.observe_rest(slot, of_health, questions, &short_of_harm);
                }
            }
        }
    }

    fn observe_without(&mut self, tally: &Tally, start: Start) {
        let Self { likelihood, questions, grids, work, health, .. } = self;
        for arm in [Arm::Control, Arm::Canary] {
            for (slot, view) in self.without[index(arm)].iter_mut().enumerate() {
                if tally.slot(arm, slot).total == 0 {
                    continue;
                }
                let table = directed(tally.without(arm, slot), self.direction);
                let differences = questions.beyond_margin(&table);
                if arm == Arm::Control || !health.may_leave_out(slot) {
                    let chances = likelihood.chances(&grids.harm, &table, work);
                    view.add(chances, &questions.harm, &differences, start);
                    continue;
                }
                let both = likelihood.chances(&grids.both, &table, work);
                let [of_harm, of_health] = questions.parts_of_both(&both);
                view.add(of_harm, &questions.harm, &differences, start);
                health.observe_rest(slot, of_health, questions, &questions.short_of_harm(&table));
            }
        }
    }

    fn observe_against(&mut self, tally: &Tally, start: Start) {
        let Self { likelihood, questions, grids, work, .. } = self;
        for (slot, view) in self.against.iter_mut().enumerate() {
            let table = directed(tally.against(slot), self.direction);
            let chances = likelihood.chances(&grids.harm, &table, work);
            view.add(chances, &questions.harm, &questions.beyond_margin(&table), start);
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
        let Self { likelihood, questions, grids, work, health, .. } = self;
        for (slot, view) in self.instances.iter_mut().enumerate() {
            let table = directed(tally.instance(slot), self.direction);
            let differences = questions.beyond_margin(&table);
            if !health.may_leave_out(slot) {
                let chances = likelihood.chances(&grids.severe, &table, work);
                view.add(chances, &questions.severe, &differences, start);
                continue;
            }
            let chances = likelihood.chances(&grids.alone, &table, work);
            let [of_severe, of_sound] = questions.parts_of_alone(&chances);
            view.add(of_severe, &questions.severe, &differences, start);
            health.observe_alone(slot, of_sound, questions, &questions.short_of_harm(&table));
        }
    }

    fn learn(&mut self, whole: &Table) {
        let Questions { margin, harm_absolute, .. } = &mut self.questions;
        for difference in [margin, harm_absolute].into_iter().flatten() {
            difference.learn(whole);
        }
    }

    /// Forgets the alternatives that are out of reach in every view of their question.
    fn give_up_the_hopeless(&mut self) {
        let Self { questions, whole, health, without, against, instances, .. } = self;
        let of_harm = without.iter_mut().flatten().chain(against).chain([whole]);
        let some = [
            give_up(&mut questions.harm, of_harm.collect()),
            give_up(&mut questions.health, health.of_health().collect()),
            give_up(&mut questions.severe, instances.iter_mut().collect()),
            give_up(&mut questions.sound, health.of_sound().collect()),
        ];
        if some.contains(&true) {
            self.grids = Grids::new(&self.questions);
        }
    }

    /// Takes back what was given up of catastrophes: a new instance has seen nothing yet.
    fn expect_catastrophes(&mut self) {
        let Self { questions, instances, .. } = self;
        if questions.severe.len() < questions.severe_at_first.len() {
            let places = questions.severe.places_of(&questions.severe_at_first);
            instances.iter_mut().for_each(|it| it.ratios.widen(&places, &questions.severe));
            questions.severe = questions.severe_at_first.clone();
            self.grids = Grids::new(&self.questions);
        }
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
        self.view(view).map_or(0.0, |(alternatives, evidence)| evidence.log_against_both(alternatives))
    }

    /// A number that the same logarithm does not exceed, and that costs next to nothing.
    pub(super) fn harm_ceiling(&self, view: View) -> f64 {
        self.view(view).map_or(0.0, |(alternatives, evidence)| evidence.ratios.ceiling(alternatives))
    }

    /// None of an instance that has no view of its own.
    fn view(&self, view: View) -> Option<(&Alternatives, &Evidence)> {
        let Questions { harm, severe, severe_at_first, .. } = &self.questions;
        Some(match view {
            View::Whole => (harm, &self.whole),
            View::Without(arm, slot) if self.is_only_reporter(arm, slot) => (harm, &self.whole),
            View::Without(arm, slot) => (harm, self.without[index(arm)].get(slot).unwrap_or(&self.whole)),
            View::Instance(slot) => (severe, self.instances.get(slot)?),
            View::WarmUp => (severe_at_first, &self.warm_up),
            View::Against(slot) => (harm, self.against.get(slot).unwrap_or(&self.whole)),
        })
    }

    /// Since when the likeliest change has lasted, in a watch that has seen any.
    pub(super) fn since(&self) -> Option<f64> {
        let whole = &self.whole;
        let mut room = [0.0; POINTS_MAX];
        let logs = whole.ratios.logs(&self.questions.harm, &mut room);
        let of_ratio = logs.iter().zip(&whole.since).max_by(|one, other| one.0.total_cmp(other.0));
        of_ratio.filter(|(log, _)| **log > f64::NEG_INFINITY).map(|(_, since)| *since)
    }

    /// Logarithm of the e-value against "bad": as bad as harm, and through no fault of a single sound instance.
    pub(super) fn log_health(&self) -> f64 {
        self.health.log_e_value(&self.questions)
    }

    /// Whether that logarithm is at least `needed`; not being so mostly shows without computing it.
    pub(super) fn is_health_shown(&self, needed: f64) -> bool {
        self.health.ceiling(&self.questions) >= needed && self.log_health() >= needed
    }

    /// Whether this canary instance is shown not to be broken, by an e-value whose logarithm is `needed`, and carries few
    /// enough of the units to be left out.
    pub(super) fn is_sound(&self, slot: usize, needed: f64) -> bool {
        self.health.is_sound(slot, &self.questions, needed)
    }

    /// The instance without which health shows, if it does not with it.
    pub(super) fn healthy_without(&self, needed: f64) -> Option<usize> {
        self.health.healthy_without(&self.questions, needed)
    }
}

/// Gives up the alternatives of one question that are out of reach in every view of it. Whether there were any.
fn give_up(alternatives: &mut Alternatives, mut views: Vec<&mut Evidence>) -> bool {
    let mut marks = [false; POINTS_MAX];
    let marks = &mut marks[..alternatives.len()];
    for view in &views {
        view.ratios.mark_hopeful(alternatives, marks);
        if !marks.contains(&false) {
            return false;
        }
    }
    // Of a question that nobody asks nothing is known.
    if views.is_empty() {
        return false;
    }
    for view in &mut views {
        view.ratios.keep(marks, alternatives);
    }
    alternatives.keep(marks);
    true
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
