//! `shipway provenance`

use clap::Subcommand;

use crate::failure::Outcome;

mod commit;
mod roots;
mod verify;

#[derive(Debug, Subcommand)]
pub(crate) enum Provenance {
    Verify(verify::Verify),
    Commit(commit::Commit),
}

impl Provenance {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Verify(it) => it.run(),
            Self::Commit(it) => it.run(),
        }
    }
}
