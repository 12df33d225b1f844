//! What follows from what happened and from the time, rollout by rollout.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use shipway_model::RolloutId;
use shipway_model::event::{Body, End};

use super::{Phase, closing, follow, unwind, watch};
use crate::change::escalation;
use crate::{State, queue};

/// When rollouts want to be looked at again.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wakes {
    by_time: BTreeSet<(Timestamp, RolloutId)>,
    by_rollout: BTreeMap<RolloutId, Timestamp>,
}

impl Wakes {
    fn set(&mut self, id: RolloutId, at: Option<Timestamp>) {
        self.forget(id);
        if let Some(at) = at {
            self.by_time.insert((at, id));
            self.by_rollout.insert(id, at);
        }
    }

    pub(crate) fn forget(&mut self, id: RolloutId) {
        if let Some(at) = self.by_rollout.remove(&id) {
            self.by_time.remove(&(at, id));
        }
    }

    fn first(&self) -> Option<(Timestamp, RolloutId)> {
        self.by_time.first().copied()
    }
}

/// The next events that follow, of one rollout about which something happened or whose time has come. Apply them
/// and ask again until there are none.
pub fn advance(state: &mut State, now: Timestamp) -> Option<Vec<Body>> {
    loop {
        let due = || state.wakes.first().filter(|(at, _)| *at <= now).map(|(_, id)| id);
        let id = state.dirty.pop_first().or_else(due)?;
        state.wakes.forget(id);
        let Some(rollout) = state.rollouts.live.get(&id) else { continue };
        let events = match &rollout.phase {
            Phase::Queued => match closing::of_queued(state, rollout, now)
                .or_else(|| escalation::event(state, rollout, now))
            {
                Some(event) => vec![event],
                None => queue::admit(state, rollout),
            },
            Phase::Running => follow::forward(state, rollout, now),
            Phase::Halted { .. } => follow::under_way(rollout, now),
            Phase::Aborting { reason } => follow::aborting(rollout, reason, now),
            Phase::Unwinding => unwind::back(state, rollout, now),
            Phase::Ended(End::Succeeded { .. }) => watch::after_the_end(state, rollout, now),
            Phase::Ended(_) => Vec::new(),
        };
        if !events.is_empty() {
            return Some(events);
        }
        let wake = follow::wake(rollout, now).into_iter().chain(closing::wake(state, rollout, now)).min();
        state.wakes.set(id, wake);
    }
}

/// The earliest instant at which [`advance`] has something to do again.
pub fn wake_at(state: &State) -> Option<Timestamp> {
    state.wakes.first().map(|(at, _)| at)
}
