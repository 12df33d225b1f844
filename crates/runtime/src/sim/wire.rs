//! What travels between the parts of the world, and how badly.

use shipway_model::Digest;
use shipway_model::Name;
use shipway_model::effect::{EffectKey, Performer};
use shipway_model::plan::Instance;

use super::random::Random;
use crate::kernel::Accepted;
use crate::runtime::{Leased, Submission, SubmitError};

/// One run of a program: which one, and how often it had been started before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Life {
    pub(super) of: usize,
    pub(super) number: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Who {
    Person(usize),
    /// An agent's loop for leases.
    Agent(Life),
    /// An agent's reports.
    Teller(Life),
    /// A control plane's worker, which asks its own control plane.
    Worker(Life),
    /// Of one effect that this worker performs.
    Reporter(Life, EffectKey),
}

/// Who asked, and with which of their calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Caller {
    pub(super) who: Who,
    pub(super) call: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Call {
    Submit(Box<Submission>),
    Lease {
        performer: Performer,
        max: usize,
        renew: Vec<(EffectKey, u32)>,
    },
    /// What should run on a host.
    Orders(Name),
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Submitted(Result<Accepted, SubmitError>),
    Leased(Result<Leased, SubmitError>),
    Orders(Vec<(Instance, Digest)>),
    /// Nobody listens there.
    Refused,
}

impl Answer {
    /// Whether the same is to be asked again: nothing has happened, or nobody knows.
    pub(super) fn is_to_be_repeated(&self) -> bool {
        let outage = |it: &SubmitError| {
            matches!(it, SubmitError::Unavailable(_) | SubmitError::Unsure(_) | SubmitError::Overloaded)
        };
        match self {
            Self::Submitted(answer) => answer.as_ref().is_err_and(outage),
            Self::Leased(answer) => answer.as_ref().is_err_and(outage),
            Self::Orders(_) => false,
            Self::Refused => true,
        }
    }
}

/// How the lines between programs are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weather {
    /// Of a hundred messages.
    pub(super) lost: u64,
    pub(super) doubled: u64,
    pub(super) late: u64,
}

impl Weather {
    pub(super) const CALM: Self = Self { lost: 0, doubled: 0, late: 0 };

    /// After how many milliseconds each copy of a message arrives; none when it is lost.
    pub(super) fn carry(self, random: &mut Random) -> Vec<u64> {
        if random.percent(self.lost) {
            return Vec::new();
        }
        let n_copies = if random.percent(self.doubled) { 2 } else { 1 };
        let mut delay_ms = || {
            if random.percent(self.late) { random.between(100, 8_000) } else { random.between(1, 20) }
        };
        (0..n_copies).map(|_| delay_ms()).collect()
    }
}
