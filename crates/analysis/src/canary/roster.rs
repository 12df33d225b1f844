//! Which instance has which slot. Leaving one instance out needs evidence per instance; slots bound how much.

use std::collections::BTreeMap;

use super::observation::{Arm, INSTANCES_MAX, InvalidObservation};

/// Slots per arm. From here on several instances share one, and are left out together.
pub(super) const SLOTS_MAX: usize = 32;

/// Every instance that has ever reported, in the order of its arm.
#[derive(Debug, Clone, Default)]
pub(super) struct Roster {
    known: BTreeMap<(Arm, String), Seat>,
    arms: [Vec<String>; 2],
}

#[derive(Debug, Clone, Copy)]
struct Seat {
    slot: usize,
    /// Start of the last block that the instance reported.
    last_t: f64,
}

pub(super) const fn index(arm: Arm) -> usize {
    match arm {
        Arm::Control => 0,
        Arm::Canary => 1,
    }
}

impl Roster {
    /// The slot of an instance, a new one if it was not known.
    pub(super) fn seat(&mut self, arm: Arm, instance: &str, t: f64) -> Result<usize, InvalidObservation> {
        // A lookup by borrowed parts would need a key type of its own; a short name is copied instead.
        let key = (arm, instance.to_owned());
        if let Some(seat) = self.known.get_mut(&key) {
            seat.last_t = t;
            return Ok(seat.slot);
        }
        if self.known.len() == INSTANCES_MAX {
            return Err(InvalidObservation::TooManyInstances);
        }
        let names = &mut self.arms[index(arm)];
        let n_known = self.known.range((arm, String::new())..).take_while(|((it, _), _)| *it == arm).count();
        let slot = n_known % SLOTS_MAX;
        if names.len() < SLOTS_MAX {
            names.push(instance.to_owned());
        } else {
            names[slot] = format!("{} and others", names[slot].trim_end_matches(" and others"));
        }
        self.known.insert(key, Seat { slot, last_t: t });
        Ok(slot)
    }

    pub(super) fn n_slots(&self, arm: Arm) -> usize {
        self.arms[index(arm)].len()
    }

    pub(super) fn name(&self, arm: Arm, slot: usize) -> &str {
        &self.arms[index(arm)][slot]
    }

    /// How many instances have reported since `t`.
    pub(super) fn n_since(&self, t: f64) -> usize {
        self.known.values().filter(|it| it.last_t >= t).count()
    }
}
