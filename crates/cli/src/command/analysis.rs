//! `shipway analysis`

use clap::Subcommand;

use crate::failure::Outcome;

mod files;
mod judge;

#[derive(Debug, Subcommand)]
pub(crate) enum Analysis {
    Judge(judge::Judge),
}

impl Analysis {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Judge(it) => it.run(),
        }
    }
}
