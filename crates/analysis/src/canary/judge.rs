//! The analysis: lines in, and an answer as soon as there is one.

use shipway_model::analysis::Decision;

use crate::evidence::log_mean;

use super::answer::Answer;
use super::assembly::{Assembly, Block};
use super::channel::{Start, View};
use super::config::{Baseline, Config, InvalidConfig, Kind};
use super::metric::{LOG_LEAST, Metric};
use super::observation::{Arm, InvalidObservation, Latency, Observation};
use super::reasons::{self, Cause};
use super::watch::Sensitivity;

/// An analysis under way. Its memory does not grow with its length.
#[derive(Debug, Clone)]
pub struct Analysis {
    pub(super) config: Config,
    pub(super) metrics: Vec<Metric>,
    pub(super) assembly: Assembly,
    /// The bounds of every histogram of latency.
    bounds: Option<Vec<f64>>,
    has_latency_values: bool,
    /// Start of the first block.
    start: Option<f64>,
    /// End of the last judged block, and how long it was.
    end: f64,
    block_s: f64,
    canary_requests: u64,
    /// End of the first block at which health was shown, whether or not that ended the analysis.
    healthy_at: Option<f64>,
    answer: Option<Answer>,
}

/// Why a line of data is refused.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum LineError {
    /// No observation in JSON; the reason is the parser's, without its place.
    #[error("{0}")]
    Syntax(String),
    #[error(transparent)]
    Invalid(#[from] InvalidObservation),
}

impl Analysis {
    /// # Errors
    /// What [`Config::check`] finds.
    pub fn new(config: Config) -> Result<Self, InvalidConfig> {
        config.check()?;
        let frame = config.frame();
        Ok(Self {
            metrics: config.metrics.iter().map(|it| Metric::new(it, frame)).collect(),
            assembly: Assembly::new(config.silence_s),
            config,
            bounds: None,
            has_latency_values: false,
            start: None,
            end: 0.0,
            block_s: 0.0,
            canary_requests: 0,
            healthy_at: None,
            answer: None,
        })
    }

    /// Takes in one line of JSON; an empty one says nothing. Once there is an answer it stands, whatever else comes: a
    /// line that makes no sense is no fault if the block ahead of it decides.
    ///
    /// # Errors
    /// The line is no observation, or contradicts itself or those before it. The analysis is as if it had not come.
    pub fn read_line(&mut self, line: &str) -> Result<Option<&Answer>, LineError> {
        if line.trim().is_empty() {
            return Ok(self.answer.as_ref());
        }
        match serde_json::from_str(line) {
            Ok(observation) => Ok(self.observe(observation)?),
            Err(error) => {
                let text = error.to_string();
                let place = format!(" at line {} column {}", error.line(), error.column());
                let text = text.strip_suffix(&place).unwrap_or(&text);
                self.judge_ahead_of_fault(LineError::Syntax(format!("{text} (column {})", error.column())))
            }
        }
    }

    /// Takes in one observation, and judges the block that it completes.
    ///
    /// # Errors
    /// As for [`read_line`](Self::read_line).
    pub fn observe(&mut self, observation: Observation) -> Result<Option<&Answer>, InvalidObservation> {
        if self.answer.is_some() {
            return Ok(self.answer.as_ref());
        }
        if let Err(error) = self.check(&observation) {
            let is_of_open_block = !self.assembly.ends_before(observation.t);
            return if is_of_open_block { Err(error) } else { self.judge_ahead_of_fault(error) };
        }
        if self.assembly.ends_before(observation.t) {
            self.close_block();
            if self.answer.is_some() {
                return Ok(self.answer.as_ref());
            }
        }
        let bounds = match &observation.latency_ms {
            Some(Latency::Histogram(it)) if self.bounds.is_none() => Some(it.bounds.clone()),
            _ => None,
        };
        let has_values = matches!(observation.latency_ms, Some(Latency::Values(_)));
        self.assembly.add(observation)?;
        self.bounds = self.bounds.take().or(bounds);
        self.has_latency_values |= has_values;
        if let Some(block) = self.assembly.take_if_complete() {
            self.judge(&block);
        }
        Ok(self.answer.as_ref())
    }

    /// What all that came says, once nothing else will.
    pub fn finish(mut self) -> Answer {
        self.close_block();
        if let Some(answer) = self.answer {
            return answer;
        }
        let is_compared = self.metrics.iter().any(|it| it.canary_units > 0);
        if self.start.is_none() || !is_compared {
            return self.answer_of(Decision::NoVerdict, None, &Cause::NothingToCompare);
        }
        if self.is_healthy() {
            return self.answer_of(Decision::Healthy, self.healthy_at, &Cause::Health);
        }
        self.answer_of(Decision::Undecided, None, &Cause::NotYet)
    }

    /// End of the first block at which health was shown, in the data's own time.
    pub fn healthy_at(&self) -> Option<f64> {
        self.healthy_at
    }

    /// Requests of canary so far.
    pub fn canary_requests(&self) -> u64 {
        self.canary_requests
    }

    pub(super) fn end(&self) -> f64 {
        self.end
    }

    fn check(&self, observation: &Observation) -> Result<(), InvalidObservation> {
        observation.check()?;
        if let Some(Latency::Histogram(it)) = &observation.latency_ms {
            let differs = self.bounds.as_ref().is_some_and(|known| *known != it.bounds);
            if differs || (self.bounds.is_none() && self.has_latency_values) {
                return Err(InvalidObservation::BoundsChanged);
            }
        }
        Ok(())
    }

    /// A faulty line ends the block ahead of it, and counts only if that block decides nothing.
    fn judge_ahead_of_fault<E>(&mut self, error: E) -> Result<Option<&Answer>, E> {
        let mut ahead = self.clone();
        ahead.close_block();
        if ahead.answer.is_none() {
            return Err(error);
        }
        *self = ahead;
        Ok(self.answer.as_ref())
    }

    fn close_block(&mut self) {
        if self.answer.is_none()
            && let Some(block) = self.assembly.take()
        {
            self.judge(&block);
        }
    }

    fn judge(&mut self, block: &Block) {
        let start = *self.start.get_or_insert(block.start);
        let gap = if self.end > start { block.start - self.end } else { 0.0 };
        if gap >= self.config.silence_s {
            self.answer = Some(self.answer_of(Decision::NoVerdict, Some(block.start), &Cause::Gap(gap)));
            return;
        }
        (self.end, self.block_s) = (block.end(), block.length);
        let requests = block.of(Arm::Canary).filter_map(|it| it.observation.requests).sum::<u64>();
        self.canary_requests = self.canary_requests.saturating_add(requests);
        // A control that was started with the canary is as cold.
        let is_warm_up =
            block.start - start < self.config.warm_up_s && self.config.baseline != Baseline::Fresh;
        let evidence = self.config.watch.map_or(Start::Once, |watch| Start::Anytime {
            log_share: watch.log_share(block.start - start, block.end() - start),
            t: block.start,
        });
        for metric in &mut self.metrics {
            metric.observe(block, &self.assembly.roster, is_warm_up, evidence);
        }
        self.note_alone();
        self.decide();
        if self.answer.is_none() && self.config.watch.is_some_and(|it| self.end - start >= it.duration_s) {
            self.answer = Some(self.answer_of(Decision::Undecided, Some(self.end), &Cause::WatchOver));
        }
    }

    /// Remembers when each metric alone would have sufficed.
    fn note_alone(&mut self) {
        let needed = -self.config.alpha.ln();
        for metric in &mut self.metrics {
            let may_suffice = metric.decided_at.is_none() && metric.harm_ceiling(View::Whole) >= needed;
            if may_suffice && metric.log_harm(View::Whole) >= needed {
                metric.decided_at = Some(self.end);
            }
        }
    }

    fn decide(&mut self) {
        // Once health was shown, it matters again only if it ends the analysis.
        let is_asked = self.config.early_promotion || self.healthy_at.is_none();
        let is_healthy = is_asked && self.is_healthy();
        if is_healthy && self.healthy_at.is_none() {
            self.healthy_at = Some(self.end);
        }
        let (decision, cause) = if let Some(cause) = self.harm() {
            (Decision::Harmful, cause)
        } else if let Some(cause) = self.silence() {
            (Decision::NoVerdict, cause)
        } else if is_healthy && self.config.early_promotion {
            (Decision::Healthy, Cause::Health)
        } else {
            return;
        };
        self.answer = Some(self.answer_of(decision, Some(self.end), &cause));
    }

    fn harm(&self) -> Option<Cause> {
        if self.reaches(View::WarmUp, self.needed(Config::WARM_UP_SHARE)) {
            return Some(Cause::WarmUp);
        }
        if self.is_main_harm() && self.suspect().is_none() && self.is_worse_than_every_period() {
            return Some(Cause::Main);
        }
        self.broken_instance().map(Cause::Instance)
    }

    pub(super) fn is_main_harm(&self) -> bool {
        self.reaches(View::Whole, self.needed(Config::MAIN_SHARE))
    }

    /// Whether the evidence in this view is at least so great; mostly a rough look shows that it is not.
    fn reaches(&self, view: View, needed: f64) -> bool {
        let ceiling = self.counted(view).map(|it| it.harm_ceiling(view)).fold(f64::NEG_INFINITY, f64::max);
        // Without a metric that counts the evidence is none: its logarithm is zero.
        ceiling.max(0.0) >= needed && self.log_harm(view) >= needed
    }

    /// The instance without which the evidence for harm would not suffice.
    pub(super) fn suspect(&self) -> Option<(Arm, usize)> {
        let needed = self.needed(Config::ONE_OFF_SHARE);
        [Arm::Canary, Arm::Control].into_iter().find_map(|arm| {
            let n_slots = self.assembly.roster.n_slots(arm);
            // Nothing is left of an arm without its only instance.
            let slots = if n_slots < 2 { 0..0 } else { 0..n_slots };
            slots
                .map(|slot| (arm, slot))
                .find(|&(arm, slot)| self.log_harm(View::Without(arm, slot)) < needed)
        })
    }

    /// Whether canary is worse than each past period alone, if that is what it is compared with.
    fn is_worse_than_every_period(&self) -> bool {
        let n_periods = match self.config.baseline {
            Baseline::Seasonal => self.assembly.roster.n_slots(Arm::Control),
            Baseline::Concurrent | Baseline::Fresh | Baseline::Previous => 0,
        };
        let needed = self.needed(Config::MAIN_SHARE);
        (0..n_periods).all(|slot| self.log_harm(View::Against(slot)) >= needed)
    }

    /// The k-th instance has 1/(k(k+1)) of the share of all, which adds up to one however many come.
    fn broken_instance(&self) -> Option<usize> {
        let n_slots = self.assembly.roster.n_slots(Arm::Canary);
        (0..n_slots).filter(|_| n_slots > 1).find(|&slot| {
            let part = 1.0 / ((slot + 1) * (slot + 2)) as f64;
            self.reaches(View::Instance(slot), self.needed(Config::INSTANCE_SHARE * part))
        })
    }

    fn silence(&self) -> Option<Cause> {
        // A block later it would be too late.
        let is_long = |seconds: f64| seconds + self.block_s >= self.config.silence_s;
        let too_long = |metric: &Metric| metric.silence.at(self.end).filter(|(_, seconds)| is_long(*seconds));
        let silent = |it: &&Metric| too_long(it).is_some();
        let critical = self.metrics.iter().filter(|it| it.config.critical).find(silent);
        let named = critical.or_else(|| {
            let reported = self.metrics.iter().filter(|it| it.silence.was_reported());
            reported.clone().all(|it| silent(&it)).then(|| reported.clone().next()).flatten()
        })?;
        let (arm, seconds) = too_long(named)?;
        Some(Cause::Silence { metric: named.config.name.clone(), arm, seconds })
    }

    fn is_healthy(&self) -> bool {
        let needed = self.health_needed();
        self.config.watch.is_none()
            && self.metrics.iter().all(|it| {
                it.has_enough_samples()
                    && it.silence.at(self.end).is_none()
                    && it.is_health_shown(needed)
                    && !self.is_held_by(it)
            })
            && (!self.is_main_harm() || self.noisy_instance().is_some())
    }

    /// The canary instance on which all evidence for harm rests: without it there is none at all, and it is shown not to be
    /// broken itself.
    pub(super) fn noisy_instance(&self) -> Option<usize> {
        let needed = self.health_needed();
        let is_all_of_it = |slot: &usize| self.log_harm(View::Without(Arm::Canary, *slot)) <= 0.0;
        let is_sound = |slot: &usize| self.metrics.iter().all(|it| it.is_sound(*slot, needed));
        (0..self.assembly.roster.n_slots(Arm::Canary)).find(|slot| is_all_of_it(slot) && is_sound(slot))
    }

    pub(super) fn health_needed(&self) -> f64 {
        -self.config.beta.ln()
    }

    /// Whether a soft gate speaks against the canary: no proof, but no promotion either.
    pub(super) fn is_held_by(&self, metric: &Metric) -> bool {
        metric.is_soft() && metric.log_harm(View::Whole) >= -self.config.alpha.ln()
    }

    /// The metrics that speak in this view.
    fn counted(&self, view: View) -> impl Iterator<Item = &Metric> + Clone {
        let is_watch = self.config.watch.is_some();
        self.metrics.iter().filter(move |it| match view {
            View::WarmUp => matches!(it.config.kind, Kind::Proportion | Kind::Count),
            // A limit is none for a change that may be a minute old.
            View::Whole | View::Without(..) | View::Instance(_) | View::Against(_) => {
                !it.is_soft() || (it.config.critical && !is_watch)
            }
        })
    }

    /// Logarithm of the e-value of all metrics together against "none is worse than its margin".
    pub(super) fn log_harm(&self, view: View) -> f64 {
        let counted = self.counted(view);
        let sum: f64 = counted.clone().map(|it| it.config.weight()).sum();
        if sum == 0.0 {
            return 0.0;
        }
        log_mean(counted.map(|it| (it.config.weight() / sum, it.log_harm(view))))
    }

    /// Ville's inequality: an e-process reaches 1/α with a probability of at most α.
    pub(super) fn needed(&self, share: f64) -> f64 {
        -(self.config.alpha * share).ln()
    }

    fn answer_of(&self, decision: Decision, decided_at_s: Option<f64>, cause: &Cause) -> Answer {
        Answer {
            decision,
            decided_at_s,
            canary_requests: self.canary_requests,
            log_e_value: self.log_harm(View::Whole).max(LOG_LEAST),
            log_e_value_needed: self.needed(Config::MAIN_SHARE),
            metrics: self.metrics.iter().map(|it| it.answer(&self.config)).collect(),
            watch: self.sensitivity(),
            reasons: reasons::of(self, cause),
        }
    }

    /// How sensitive the watch is at the end of the last block.
    fn sensitivity(&self) -> Option<Sensitivity> {
        let elapsed_s = self.end - self.start?;
        self.config.watch.map(|it| it.sensitivity(self.config.alpha, elapsed_s))
    }
}
