//! Which instance has which slot. Leaving one instance out needs evidence per instance; slots bound how much.

use std::collections::BTreeMap;

use super::observation::{Arm, INSTANCES_MAX, InvalidObservation};

/// Slots per arm. From here on several instances share one, and are left out together.
pub(super) const SLOTS_MAX: usize = 32;

/// Every instance that has ever reported, in the order of its arm.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    known: [BTreeMap<String, Seat>; 2],
    /// Names by slot.
    slots: [Vec<String>; 2],
}

/// Where an instance sits.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seat {
    pub(super) slot: usize,
    /// Start of the last block that the instance reported.
    pub(super) last_t: f64,
}

pub(super) const fn index(arm: Arm) -> usize {
    match arm {
        Arm::Control => 0,
        Arm::Canary => 1,
    }
}

impl Roster {
    /// The seat of an instance that has reported before.
    pub(super) fn seat(&self, arm: Arm, instance: &str) -> Option<Seat> {
        self.known[index(arm)].get(instance).copied()
    }

    /// Notes that an instance reports the block at `t`; gives it a slot if it was not known.
    pub(super) fn note(&mut self, arm: Arm, instance: &str, t: f64) -> Result<usize, InvalidObservation> {
        if let Some(seat) = self.known[index(arm)].get_mut(instance) {
            seat.last_t = t;
            return Ok(seat.slot);
        }
        if self.known.iter().map(BTreeMap::len).sum::<usize>() == INSTANCES_MAX {
            return Err(InvalidObservation::TooManyInstances);
        }
        let (known, names) = (&mut self.known[index(arm)], &mut self.slots[index(arm)]);
        let slot = known.len() % SLOTS_MAX;
        if names.len() < SLOTS_MAX {
            names.push(instance.to_owned());
        } else {
            names[slot] = format!("{} and others", names[slot].trim_end_matches(" and others"));
        }
        known.insert(instance.to_owned(), Seat { slot, last_t: t });
        Ok(slot)
    }

    pub(super) fn n_slots(&self, arm: Arm) -> usize {
        self.slots[index(arm)].len()
    }

    pub(super) fn name(&self, arm: Arm, slot: usize) -> &str {
        &self.slots[index(arm)][slot]
    }

    /// How many instances have reported since `t`.
    pub(super) fn n_since(&self, t: f64) -> usize {
        self.known.iter().flat_map(BTreeMap::values).filter(|it| it.last_t >= t).count()
    }
}
