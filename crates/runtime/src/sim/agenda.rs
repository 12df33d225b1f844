//! What is still to happen, by its time. Virtual milliseconds since the beginning of the simulation.

use std::collections::BTreeMap;

use shipway_model::effect::EffectKey;
use shipway_model::plan::Instance;

use super::wire::{Answer, Call, Caller, Life};

/// Something that happens to one part of the world.
#[derive(Debug)]
pub(super) enum Due {
    /// A request reaches a control plane.
    Request {
        replica: usize,
        call: Call,
        caller: Caller,
    },
    Answer {
        caller: Caller,
        answer: Answer,
    },
    /// A caller has waited long enough.
    GiveUp {
        caller: Caller,
    },
    /// A batch that is on its way to the disk gets there.
    Disk {
        process: Life,
    },
    /// A control plane hears that others have written to the store.
    Moved {
        process: Life,
    },
    /// Something is due in a control plane; only the newest ticket counts.
    Wake {
        process: Life,
        ticket: u64,
    },
    /// A control plane's worker asks for effects.
    Worker {
        process: Life,
    },
    /// The next stage of an effect that a control plane performs.
    Task {
        process: Life,
        key: EffectKey,
        generation: u32,
    },
    /// A control plane's worker sends a report, again where nobody took it before.
    Report {
        process: Life,
        key: EffectKey,
    },
    /// An agent's own loop goes on.
    Agent {
        host: Life,
    },
    /// An agent's reports go on.
    Tell {
        host: Life,
    },
    /// The next stage of an effect in an agent's hands.
    Hand {
        host: Life,
        key: EffectKey,
    },
    /// An instance ends by itself.
    Crash {
        instance: Instance,
    },
    /// An agent starts again what ended.
    Revive {
        host: Life,
        instance: Instance,
    },
    /// A person does something, or tries again.
    Person {
        person: usize,
    },
    /// Something breaks.
    Fault,
    StartReplica {
        replica: usize,
    },
    StartAgent {
        host: usize,
    },
}

#[derive(Debug, Default)]
pub(super) struct Agenda {
    pub(super) now_ms: u64,
    n_entries: u64,
    entries: BTreeMap<(u64, u64), Due>,
}

impl Agenda {
    /// In `delay_ms`; of what falls on one millisecond, the first to be entered comes first.
    pub(super) fn enter(&mut self, delay_ms: u64, due: Due) {
        self.enter_at(self.now_ms + delay_ms, due);
    }

    pub(super) fn enter_at(&mut self, at_ms: u64, due: Due) {
        self.n_entries += 1;
        self.entries.insert((at_ms.max(self.now_ms), self.n_entries), due);
    }

    /// Sets the time forward to the next thing.
    pub(super) fn pop(&mut self) -> Option<Due> {
        let ((at_ms, _), due) = self.entries.pop_first()?;
        self.now_ms = at_ms;
        Some(due)
    }
}
