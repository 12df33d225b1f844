//! A world that tries to break the control plane: the real engine, kernel and writer over the memory store, simulated
//! agents, drivers and people, under a virtual clock, while machines die, clocks lie and messages are lost.
//!
//! One thing happens after the other, in an order that follows from the seed alone: no thread, no timer and no
//! randomness of the machine takes part, so the same seed gives the same trace, byte for byte. After every event of the
//! ledger the [watch](Invariant) looks whether something is so that must never be.
//!
//! `cargo xtask simulate --seed N --hours H` runs it; start at [`run`], and for what happens at `sim/world.rs`.

mod agenda;
mod agent;
mod clock;
mod disk;
mod fault;
mod person;
mod plane;
mod random;
mod replica;
mod scenario;
mod trace;
mod watch;
mod wire;
mod word;
mod worker;
mod world;

#[cfg(test)]
mod tests;

use shipway_model::{Digest, Name};

pub use self::watch::{Breach, Invariant};

use self::world::World;

/// Which world, and for how long.
#[derive(Debug, Clone)]
pub struct Options {
    pub seed: u64,
    /// Virtual hours during which things break. After that everything must come to an end.
    pub hours: u32,
    /// Control planes over one store.
    pub replicas: usize,
    /// A bug to be found.
    plant: Option<Plant>,
    #[cfg(test)]
    store_plant: Option<disk::Plant>,
}

/// Bugs in performers, to see whether the watch finds them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plant {
    /// Performs again what it has to report again.
    ForgetfulAgent,
    /// Says that it has done what it has not.
    LyingAgent,
    /// Never reports.
    SilentAgent,
    /// People leave everything as it is.
    NobodyHelps,
    /// Stops what a version is to replace as soon as that runs.
    HastyAgent,
    /// Goes on retiring what was ordered to run again.
    StubbornAgent,
    /// Wakes control planes before anything is due.
    EarlyAlarm,
}

/// What happened, in numbers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    /// Entries of the agenda.
    pub happenings: u64,
    /// Of the writers.
    pub turns: u64,
    pub faults: u64,
    /// Processes killed.
    pub kills: u64,
    /// Commands of people that were refused.
    pub refusals: u64,
    /// Of the ledger.
    pub events: u64,
    /// Acts in the world.
    pub deeds: u64,
    pub rollouts: u64,
    /// Gates that had passed, and whose answer no longer counted.
    pub gates_closed: u64,
}

/// What came of a simulation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub counts: Counts,
    /// Over every line of the trace.
    pub digest: Digest,
    pub breach: Option<Found>,
}

/// A breach and the way to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    pub breach: Breach,
    /// The trace's last lines.
    pub tail: Vec<String>,
}

impl Options {
    pub const fn new(seed: u64, hours: u32, replicas: usize) -> Self {
        Self {
            seed,
            hours,
            replicas,
            plant: None,
            #[cfg(test)]
            store_plant: None,
        }
    }

    fn is_planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }
}

/// Runs a whole simulation. `show` is given every line of the trace.
pub fn run(options: &Options, show: &mut dyn FnMut(&str)) -> Outcome {
    let mut world = World::new(options, show);
    let result = world.run();
    world.outcome(result)
}

fn tenant() -> Name {
    "acme".parse().expect("is a name")
}
