//! `shipway rollback-package`

use clap::Subcommand;

use crate::failure::Outcome;

mod attempt;

#[derive(Debug, Subcommand)]
pub(crate) enum RollbackPackage {
    Try(attempt::Try),
}

impl RollbackPackage {
    pub(crate) async fn run(self) -> Outcome {
        match self {
            Self::Try(it) => it.run().await,
        }
    }
}
