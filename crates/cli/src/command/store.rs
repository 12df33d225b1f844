//! `shipway store`

use clap::Subcommand;

use crate::failure::Outcome;

mod backup;
mod copy;
mod files;
mod home;
mod restore;

#[derive(Debug, Subcommand)]
pub(crate) enum Store {
    Copy(copy::Copy),
    Backup(backup::Backup),
    Restore(restore::Restore),
}

impl Store {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Copy(it) => it.run(),
            Self::Backup(it) => it.run(),
            Self::Restore(it) => it.run(),
        }
    }
}
