//! Evidence of health: that a canary is not bad.
//!
//! One host that is worse than its peers is no fault of the version that runs there, and must not keep a good canary for
//! ever; harm must not pass for a bad host either. So a canary is called **bad** on a metric if in every block
//!
//! - W: all of it is as bad as `harm`, and
//! - for each instance i that may be left out, canary is as bad as `harm` without it (Aᵢ), or i is broken (Bᵢ): its odds are
//!   at least `severe_margin` times control's.
//!
//! That is W ∩ ⋂ᵢ (Aᵢ ∪ Bᵢ), and evidence against it is put together from evidence against its parts:
//!
//! ```text
//! E = w₀·E(W) + Σᵢ wᵢ·min(E(Aᵢ), E(Bᵢ)),    w₀ + Σᵢ wᵢ = 1
//! ```
//!
//! *This is an e-process against "bad".* Let canary be bad. For each i one of Aᵢ and Bᵢ holds; let Mᵢ be the e-process against
//! that one, so that the lesser of both never exceeds Mᵢ, and M₀ = E(W). At every stopping time E ≤ Σ wᵢMᵢ, whose expectation is
//! at most Σ wᵢ = 1, however the summands depend on each other. By Ville's inequality, for the supermartingales that the Mᵢ are,
//! E ever reaches 1/β with a chance of at most β: no part of β is lost to the number of instances, and which one is left out may
//! be chosen after looking. ∎
//!
//! What the proof needs, and what sees to it:
//!
//! - The weights are fixed before the first block that is compared: w₀ is [`WHOLE`], the instances known at that block have equal
//!   parts of the rest, and who comes later is never left out. With fewer than [`INSTANCES_MIN`] then, w₀ is one.
//! - An instance is left out only while it has at most a stated share of canary's units. A summand that is left out makes the
//!   sum smaller, never greater, whatever that depends on.

use crate::evidence::log_mean;
use crate::grid::Chances;

use super::super::alternatives::Alternatives;
use super::super::config::Frame;
use super::super::measure::Tally;
use super::super::observation::Arm;
use super::Start;
use super::evidence::Evidence;
use super::questions::Questions;

/// The weight of canary as a whole. What the others have costs a canary whose instances are alike at most a fifth of its
/// e-value, some six percent of the time until it is promoted.
const WHOLE: f64 = 0.8;

/// With fewer instances there are no peers beside which one would be the odd one out.
const INSTANCES_MIN: usize = 3;

#[derive(Debug, Clone)]
pub(super) struct Health {
    whole: Evidence,
    /// Per canary slot that may be left out.
    parts: Vec<Part>,
    has_begun: bool,
    /// Canary's units since.
    units: u64,
    /// The greatest share of them with which an instance may be left out.
    share_max: f64,
}

/// One instance and its peers.
#[derive(Debug, Clone)]
struct Part {
    /// Against "as bad as harm", without it.
    rest: Evidence,
    /// Against "broken", of it alone.
    alone: Evidence,
    units: u64,
}

impl Health {
    pub(super) fn new(questions: &Questions, frame: Frame) -> Self {
        Self {
            whole: none(&questions.health, questions),
            parts: Vec::new(),
            has_begun: false,
            units: 0,
            // Nothing is promoted by a watch.
            share_max: if frame.is_watch { 0.0 } else { frame.noisy_share },
        }
    }

    /// Ahead of the evidence of each block that is compared, `n_slots` being those that canary has.
    pub(super) fn begin(&mut self, questions: &Questions, n_slots: usize, tally: &Tally) {
        if !self.has_begun && self.share_max > 0.0 && n_slots >= INSTANCES_MIN {
            let rest = none(&questions.health, questions);
            let alone = none(&questions.sound, questions);
            self.parts = vec![Part { rest, alone, units: 0 }; n_slots];
        }
        self.has_begun = true;
        self.units = self.units.saturating_add(tally.sum(Arm::Canary).total);
        for (slot, part) in self.parts.iter_mut().enumerate() {
            part.units = part.units.saturating_add(tally.slot(Arm::Canary, slot).total);
        }
    }

    /// Whether evidence is gathered without this slot.
    pub(super) fn may_leave_out(&self, slot: usize) -> bool {
        slot < self.parts.len()
    }

    pub(super) fn observe_whole(&mut self, chances: Chances, questions: &Questions, short_of_harm: &[f64]) {
        self.whole.add(chances, &questions.health, short_of_harm, Start::Once);
    }

    /// Takes in a block of canary without this slot.
    pub(super) fn observe_rest(
        &mut self,
        slot: usize,
        chances: Chances,
        questions: &Questions,
        short_of_harm: &[f64],
    ) {
        if let Some(part) = self.parts.get_mut(slot) {
            part.rest.add(chances, &questions.health, short_of_harm, Start::Once);
        }
    }

    /// Takes in a block of this slot by itself.
    pub(super) fn observe_alone(
        &mut self,
        slot: usize,
        chances: Chances,
        questions: &Questions,
        short_of_harm: &[f64],
    ) {
        if let Some(part) = self.parts.get_mut(slot) {
            part.alone.add(chances, &questions.sound, short_of_harm, Start::Once);
        }
    }

    /// Logarithm of the e-value against "bad".
    pub(super) fn log_e_value(&self, questions: &Questions) -> f64 {
        let whole = self.whole.log_against_either(&questions.health);
        if self.parts.is_empty() {
            return whole;
        }
        let share = (1.0 - WHOLE) / self.parts.len() as f64;
        let parts = self.parts.iter().map(|it| (share, self.log_of(it, questions)));
        let all: Vec<(f64, f64)> = std::iter::once((WHOLE, whole)).chain(parts).collect();
        log_mean(all.iter().copied())
    }

    /// A number that the same logarithm does not exceed, and that mostly costs next to nothing.
    pub(super) fn ceiling(&self, questions: &Questions) -> f64 {
        let views = std::iter::once(&self.whole).chain(self.parts.iter().map(|it| &it.rest));
        views.map(|it| it.ceiling(&questions.health)).fold(f64::NEG_INFINITY, f64::max)
    }

    /// Whether this slot is shown not to be broken, and small enough to be left out.
    pub(super) fn is_sound(&self, slot: usize, questions: &Questions, needed: f64) -> bool {
        let is_sound = |it: &Part| it.alone.log_against_either(&questions.sound) >= needed;
        self.parts.get(slot).is_some_and(|it| self.is_small(it) && is_sound(it))
    }

    /// The slot that counts most, if all of canary does not reach `needed` by itself and the average does.
    pub(super) fn healthy_without(&self, questions: &Questions, needed: f64) -> Option<usize> {
        let whole = self.whole.log_against_either(&questions.health);
        if whole >= needed || self.log_e_value(questions) < needed {
            return None;
        }
        let logs = self.parts.iter().map(|it| self.log_of(it, questions));
        logs.enumerate().max_by(|one, other| one.1.total_cmp(&other.1)).map(|(slot, _)| slot)
    }

    fn log_of(&self, part: &Part, questions: &Questions) -> f64 {
        if !self.is_small(part) {
            return f64::NEG_INFINITY;
        }
        let rest = part.rest.log_against_either(&questions.health);
        rest.min(part.alone.log_against_either(&questions.sound))
    }

    fn is_small(&self, part: &Part) -> bool {
        part.units as f64 <= self.share_max * self.units as f64
    }

    /// What is asked of `health`, in every view.
    pub(super) fn of_health(&mut self) -> impl Iterator<Item = &mut Evidence> {
        std::iter::once(&mut self.whole).chain(self.parts.iter_mut().map(|it| &mut it.rest))
    }

    /// What is asked of `sound`, of each instance.
    pub(super) fn of_sound(&mut self) -> impl Iterator<Item = &mut Evidence> {
        self.parts.iter_mut().map(|it| &mut it.alone)
    }
}

fn none(of: &Alternatives, questions: &Questions) -> Evidence {
    Evidence::none(of, questions.harm_absolute.as_ref(), false)
}
