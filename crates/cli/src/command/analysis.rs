//! `shipway analysis`

use clap::Subcommand;

use crate::failure::Outcome;

mod aa;
mod classical;
mod files;
mod judge;
mod power;
mod simulate;

#[derive(Debug, Subcommand)]
pub(crate) enum Analysis {
    Judge(judge::Judge),
    Simulate(simulate::Simulate),
    Power(power::Power),
    Aa(aa::Aa),
}

impl Analysis {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Judge(it) => it.run(),
            Self::Simulate(it) => it.run(),
            Self::Power(it) => it.run(),
            Self::Aa(it) => it.run(),
        }
    }
}
