//! One declared metric: its channels, how its data is read, and who reports it.

use crate::evidence::log_mean;

use super::answer::{Effect, MetricAnswer};
use super::assembly::{Block, Line};
use super::channel::{Channel, Start, View};
use super::config::{Config, Direction, Exposure, Frame, Kind, MetricConfig, TIME_PER_S};
use super::distribution::Distribution;
use super::measure::{Cell, Tally};
use super::moments::{Moments, Sums};
use super::observation::{Arm, Latency, Sample};
use super::roster::Roster;
use super::silence::Silence;
use super::thresholds::{Cut, Reference, Slack, Values};

#[derive(Debug, Clone)]
pub(super) struct Metric {
    pub(super) config: MetricConfig,
    pub(super) channels: Vec<Channel>,
    pub(super) silence: Silence,
    /// Units of canary after warm-up.
    pub(super) canary_units: u64,
    /// End of the first block after which this metric alone would have sufficed.
    pub(super) decided_at: Option<f64>,
    cuts: Cuts,
    /// Memory that is used again for each block.
    tally: Tally,
    moments: Option<Moments>,
    /// Of latency, after warm-up.
    distribution: Option<Distribution>,
    frame: Frame,
}

/// How values become hits.
#[derive(Debug, Clone)]
enum Cuts {
    /// The data itself says what is a hit.
    Needless,
    /// Not set yet.
    Sought(Reference),
    /// One per channel.
    Set(Vec<Cut>),
}

impl Metric {
    pub(super) fn new(config: &MetricConfig, frame: Frame) -> Self {
        let needs_cuts = matches!(config.kind, Kind::Latency | Kind::Mean);
        let moments =
            Moments::new(config.direction(), config.margin(), config.harm(), config.margin_absolute);
        let mut metric = Self {
            config: config.clone(),
            channels: Vec::new(),
            silence: Silence::default(),
            canary_units: 0,
            decided_at: None,
            cuts: if needs_cuts { Cuts::Sought(Reference::default()) } else { Cuts::Needless },
            tally: Tally::default(),
            moments: (config.kind == Kind::Mean).then_some(moments),
            distribution: (config.kind == Kind::Latency).then(Distribution::default),
            frame,
        };
        if !needs_cuts {
            metric.channels.push(Channel::new(config.name.clone(), config, frame));
        }
        metric
    }

    pub(super) fn observe(&mut self, block: &Block, roster: &Roster, is_warm_up: bool, start: Start) {
        let reports = |arm| block.of(arm).any(|line| self.is_reported(line));
        let (control, canary) = (reports(Arm::Control), reports(Arm::Canary));
        self.silence.observe(block.start, control, canary);
        if let Some(moments) = self.moments.as_mut().filter(|_| !is_warm_up) {
            observe_moments(&self.config.name, moments, block);
        }
        if let Some(distribution) = self.distribution.as_mut().filter(|_| !is_warm_up) {
            for line in &block.lines {
                if let Some(values) = values(&self.config.name, line) {
                    distribution.add(line.observation.arm, values);
                }
            }
        }
        let is_seeking = self.seek_cuts(block);
        // Sums are compared from the first block on.
        if !is_warm_up && (!is_seeking || self.is_soft()) {
            self.canary_units += block.of(Arm::Canary).map(|line| self.units(line)).sum::<u64>();
        }
        // A start is slow: during warm-up only what fails is compared.
        let is_excused = is_warm_up && matches!(self.config.kind, Kind::Latency | Kind::Mean);
        if is_seeking || is_excused {
            return;
        }
        for idx in 0..self.channels.len() {
            let mut tally = std::mem::take(&mut self.tally);
            self.fill_tally(&mut tally, block, idx);
            let channel = &mut self.channels[idx];
            channel.admit(Arm::Control, roster.n_slots(Arm::Control));
            channel.admit(Arm::Canary, roster.n_slots(Arm::Canary));
            if is_warm_up {
                channel.observe_warm_up(&tally, start);
            } else {
                channel.observe(&tally, start);
            }
            self.tally = tally;
        }
    }

    /// Whether this block went into setting the cuts, and so is not compared.
    fn seek_cuts(&mut self, block: &Block) -> bool {
        let Cuts::Sought(reference) = &mut self.cuts else { return false };
        let name = self.config.name.as_str();
        for line in block.of(Arm::Control) {
            if let Some(values) = values(name, line) {
                reference.add(values);
            }
        }
        let quantiles: &[f64] =
            if self.config.kind == Kind::Latency { &[0.5, 0.9, 0.99, 0.999] } else { &[0.25, 0.5, 0.75] };
        if let Some(cuts) = reference.cuts(quantiles) {
            let unit = if self.config.kind == Kind::Latency { " ms" } else { "" };
            for cut in &cuts {
                let label = format!("{name} over {}{unit}", rounded(cut.at));
                let mut channel = Channel::new(label, &self.config, self.frame);
                channel.is_beyond = cut.is_beyond;
                self.channels.push(channel);
            }
            self.cuts = Cuts::Set(cuts);
        }
        true
    }

    fn fill_tally(&self, tally: &mut Tally, block: &Block, channel_idx: usize) {
        tally.clear();
        for line in &block.lines {
            let cell = match &self.cuts {
                Cuts::Set(cuts) => {
                    let slack = self.slack(line.observation.arm);
                    values(&self.config.name, line).map(|it| it.cell_above(cuts[channel_idx].at, slack))
                }
                Cuts::Needless | Cuts::Sought(_) => self.cell(line),
            };
            if let Some(cell) = cell {
                tally.add(line.observation.arm, line.slot, cell);
            }
        }
    }

    /// What an absolute margin excuses: canary's values, moved by it, have to be worse than control's still.
    fn slack(&self, arm: Arm) -> Slack {
        match (arm, self.config.margin_absolute, self.config.direction()) {
            (Arm::Control, ..) | (_, None, _) => Slack::None,
            (Arm::Canary, Some(by), Direction::Increase) => Slack::Above(by),
            (Arm::Canary, Some(by), Direction::Decrease) => Slack::Below(by),
        }
    }

    /// Units and hits that a line states outright.
    fn cell(&self, line: &Line) -> Option<Cell> {
        let it = &line.observation;
        let sample = it.metrics.get(&self.config.name);
        match (self.config.kind, self.config.name.as_str()) {
            (Kind::Proportion, "errors") => Some(Cell { total: it.requests?, hits: it.errors? }),
            (Kind::Proportion, _) => sample.and_then(|it| Some(Cell { total: it.n?, hits: it.x? })),
            (Kind::Count, _) => {
                let total = match self.config.exposure {
                    Exposure::Requests => it.requests?,
                    Exposure::Time => (it.dt_s * TIME_PER_S) as u64,
                };
                Some(Cell { total, hits: sample?.x? })
            }
            (Kind::Latency | Kind::Mean, _) => None,
        }
    }

    fn is_reported(&self, line: &Line) -> bool {
        self.units(line) > 0
    }

    /// How many units a line tells of.
    fn units(&self, line: &Line) -> u64 {
        match self.config.kind {
            Kind::Proportion | Kind::Count => self.cell(line).map_or(0, |it| it.total),
            Kind::Latency => values(&self.config.name, line).map_or(0, |it| it.len()),
            Kind::Mean => line.observation.metrics.get(&self.config.name).map_or(0, |sample| {
                sample.values.as_ref().map_or(sample.n.unwrap_or(0), |it| it.len() as u64)
            }),
        }
    }

    /// Whether nothing but sums is known: a soft gate, on its asymptotic e-value.
    pub(super) fn is_soft(&self) -> bool {
        self.moments.is_some() && matches!(self.cuts, Cuts::Sought(_))
    }

    /// Logarithm of the e-value against "not worse than the margin". One, or what stands against it, while there are too
    /// few samples.
    pub(super) fn log_harm(&self, view: View) -> f64 {
        let found = match &self.moments {
            // Sums are not kept per instance.
            Some(moments) if self.is_soft() => match view {
                View::Whole | View::Without(..) | View::Against(_) => moments.log_harm(),
                View::Instance(_) | View::WarmUp => 0.0,
            },
            _ if self.channels.is_empty() => 0.0,
            _ => {
                let share = 1.0 / self.channels.len() as f64;
                log_mean(self.channels.iter().map(|it| (share, it.log_harm(view))))
            }
        };
        // The catastrophic tests count from the first unit on.
        let is_early = matches!(view, View::Whole | View::Without(..) | View::Against(_))
            && (self.canary_units < self.config.min_samples() && !self.is_soft());
        if is_early { found.min(0.0) } else { found }
    }

    /// A number that [`log_harm`](Self::log_harm) does not exceed, and that mostly costs next to nothing: an average is no
    /// greater than the greatest part of it.
    pub(super) fn harm_ceiling(&self, view: View) -> f64 {
        if self.is_soft() || self.channels.is_empty() {
            return self.log_harm(view);
        }
        self.channels.iter().map(|it| it.harm_ceiling(view)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Whether [`log_health`](Self::log_health) is at least `needed`.
    pub(super) fn is_health_shown(&self, needed: f64) -> bool {
        if self.is_soft() {
            return self.log_health() >= needed;
        }
        let mut proven = self.channels.iter().filter(|it| !it.is_beyond).peekable();
        // Nothing to compare shows nothing.
        if proven.peek().is_none() {
            return needed <= 0.0;
        }
        proven.all(|it| it.is_health_shown(needed))
    }

    /// Whether on every channel this canary instance is shown not to be broken, and small enough to be left out. Sums tell
    /// nothing of instances, and have to be healthy as a whole.
    pub(super) fn is_sound(&self, slot: usize, needed: f64) -> bool {
        self.is_soft() || self.channels.iter().filter(|it| !it.is_beyond).all(|it| it.is_sound(slot, needed))
    }

    /// The canary instance without which health shows on some channel, if it does not with it.
    pub(super) fn healthy_without(&self, needed: f64) -> Option<usize> {
        self.channels.iter().filter(|it| !it.is_beyond).find_map(|it| it.healthy_without(needed))
    }

    /// Logarithm of the least e-value against "as bad as harm" over the channels; all of them have to rule it out.
    pub(super) fn log_health(&self) -> f64 {
        if self.is_soft() {
            return self.moments.as_ref().map_or(0.0, Moments::log_health);
        }
        let proven = self.channels.iter().filter(|it| !it.is_beyond).map(Channel::log_health);
        proven.min_by(f64::total_cmp).unwrap_or(0.0)
    }

    pub(super) fn has_enough_samples(&self) -> bool {
        self.is_soft() || self.canary_units >= self.config.min_samples()
    }

    /// The channel with the most to say.
    pub(super) fn loudest(&self) -> Option<&Channel> {
        self.channels
            .iter()
            .max_by(|one, other| one.log_harm(View::Whole).total_cmp(&other.log_harm(View::Whole)))
    }

    pub(super) fn answer(&self, config: &Config) -> MetricAnswer {
        // JSON has no infinity, and nothing is less likely than the least number.
        let log_e_value = self.log_harm(View::Whole).max(LOG_LEAST);
        MetricAnswer {
            name: self.config.name.clone(),
            e_value: log_e_value.exp().min(f64::MAX),
            log_e_value,
            log_health_e_value: self.log_health(),
            effect: self.effect(config.alpha),
            quantiles: self.distribution.as_ref().map_or_else(Vec::new, |it| it.quantiles(config.alpha)),
            distance: self.distribution.as_ref().and_then(|it| it.distance(config.alpha)),
            since_s: self.loudest().filter(|_| self.frame.is_watch).and_then(Channel::since),
            decided_at_s: self.decided_at,
        }
    }

    fn effect(&self, alpha: f64) -> Effect {
        if let Some(moments) = &self.moments {
            return moments.effect(alpha);
        }
        let ratio = if self.config.kind == Kind::Count { "rates" } else { "odds" };
        self.loudest()
            .map_or_else(Effect::default, |it| it.size.effect(alpha, format!("{ratio} of {}", it.label)))
    }

    /// How a bad change looks.
    pub(super) fn worse(&self) -> &'static str {
        match self.config.direction() {
            Direction::Increase => "higher",
            Direction::Decrease => "lower",
        }
    }
}

impl Values<'_> {
    fn len(&self) -> u64 {
        match self {
            Self::Raw(values) => values.len() as u64,
            Self::Counted { counts, .. } => counts.iter().sum(),
        }
    }
}

fn values<'a>(name: &str, line: &'a Line) -> Option<Values<'a>> {
    let it = &line.observation;
    if name != "latency" {
        return it.metrics.get(name)?.values.as_deref().map(Values::Raw);
    }
    match it.latency_ms.as_ref()? {
        Latency::Values(values) => Some(Values::Raw(values)),
        Latency::Histogram(it) => Some(Values::Counted { bounds: &it.bounds, counts: &it.counts }),
    }
}

fn observe_moments(name: &str, moments: &mut Moments, block: &Block) {
    for line in &block.lines {
        let Some(sample) = line.observation.metrics.get(name) else { continue };
        let sums = match sample {
            Sample { values: Some(values), .. } => Sums::of(values),
            &Sample { n: Some(n), sum: Some(sum), sum_sq: Some(sum_sq), .. } => Sums::new(n, sum, sum_sq),
            _ => continue,
        };
        moments.add(line.observation.arm, sums);
    }
    moments.close();
}

/// The logarithm of the least double.
pub(super) const LOG_LEAST: f64 = -745.0;

/// Four significant digits.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().unwrap_or(value)
}
