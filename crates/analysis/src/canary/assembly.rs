//! Lines become blocks.
//!
//! A block is complete when a line of a later block comes, when the data ends, or when every instance that reported
//! lately has reported: a judge that follows a live file then does not wait for the next block to act on this one. A
//! line that still comes for a block already judged (an instance that was never seen before) makes a block of its own.

use super::observation::{Arm, InvalidObservation, Observation};
use super::roster::Roster;

/// The lines of one stretch of time.
#[derive(Debug, Clone)]
pub(super) struct Block {
    pub(super) start: f64,
    pub(super) length: f64,
    pub(super) lines: Vec<Line>,
}

#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) slot: usize,
    pub(super) observation: Observation,
}

impl Block {
    pub(super) fn end(&self) -> f64 {
        self.start + self.length
    }

    pub(super) fn of(&self, arm: Arm) -> impl Iterator<Item = &Line> {
        self.lines.iter().filter(move |it| it.observation.arm == arm)
    }
}

/// The block being put together.
#[derive(Debug, Clone)]
struct Open {
    block: Block,
    /// Instances that have reported since then are waited for.
    awaited_since: f64,
    /// Instances that reported lately, but not this block yet.
    n_awaited: usize,
}

#[derive(Debug, Clone)]
pub(super) struct Assembly {
    pub(super) roster: Roster,
    open: Option<Open>,
    /// End of the block before the open one.
    previous_end: Option<f64>,
    n_blocks: u64,
    /// An instance silent for so many seconds is not waited for.
    patience_s: f64,
}

/// Ends computed by adding decimal fractions miss the next start by less than this, in seconds.
const ROUNDING_S: f64 = 1e-6;

impl Assembly {
    /// Waits for an instance for half of what makes a silence, so that a silence is noticed when it is one and not a
    /// block later.
    pub(super) fn new(silence_s: f64) -> Self {
        Self {
            roster: Roster::default(),
            open: None,
            previous_end: None,
            n_blocks: 0,
            patience_s: silence_s / 2.0,
        }
    }

    /// Whether a line that starts at `t` shows the open block to be complete.
    pub(super) fn ends_before(&self, t: f64) -> bool {
        self.open.as_ref().is_some_and(|it| t > it.block.start)
    }

    /// Takes the open block's lines.
    pub(super) fn take(&mut self) -> Option<Block> {
        let Open { block, .. } = self.open.take()?;
        self.previous_end = Some(block.end());
        self.n_blocks += 1;
        (!block.lines.is_empty()).then_some(block)
    }

    /// Adds a line to the open block or opens one. What stands in the way changes nothing.
    pub(super) fn add(&mut self, observation: Observation) -> Result<(), InvalidObservation> {
        let Observation { t, dt_s, arm, .. } = observation;
        let seat = self.roster.seat(arm, &observation.instance);
        match &self.open {
            Some(Open { block, .. }) => {
                if t < block.start {
                    return Err(InvalidObservation::BackInTime { t, previous: block.start });
                }
                if (dt_s - block.length).abs() > ROUNDING_S {
                    return Err(InvalidObservation::AnotherLength { dt_s, expected: block.length });
                }
                if seat.is_some_and(|it| it.last_t == t) {
                    return Err(InvalidObservation::Twice { arm, instance: observation.instance, t });
                }
            }
            None => {
                if let Some(end) = self.previous_end.filter(|end| t < end - ROUNDING_S) {
                    return Err(InvalidObservation::Overlap { t, end });
                }
            }
        }
        let awaited_since = self.open.as_ref().map(|it| it.awaited_since);
        let awaited_since = awaited_since.unwrap_or(t - self.patience_s.max(dt_s));
        let n_awaited =
            self.open.as_ref().map_or_else(|| self.roster.n_since(awaited_since), |it| it.n_awaited);
        let slot = self.roster.note(arm, &observation.instance, t)?;
        let block = Block { start: t, length: dt_s, lines: Vec::new() };
        let open = self.open.get_or_insert(Open { block, awaited_since, n_awaited });
        open.n_awaited -= usize::from(seat.is_some_and(|it| it.last_t >= open.awaited_since));
        open.block.lines.push(Line { slot, observation });
        Ok(())
    }

    /// The open block's lines if nobody else is expected to report it. Lines that come all the same are kept apart.
    pub(super) fn take_if_complete(&mut self) -> Option<Block> {
        let Open { block, n_awaited, .. } = self.open.as_mut()?;
        // Nobody knows who reports before a whole block was seen.
        if self.n_blocks == 0 || *n_awaited > 0 || block.lines.is_empty() {
            return None;
        }
        let lines = std::mem::take(&mut block.lines);
        Some(Block { start: block.start, length: block.length, lines })
    }
}
