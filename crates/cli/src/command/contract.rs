//! `shipway contract`

use clap::Subcommand;

use crate::failure::Outcome;

mod diff;

#[derive(Debug, Subcommand)]
pub(crate) enum Contract {
    Diff(diff::Diff),
}

impl Contract {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Diff(it) => it.run(),
        }
    }
}
