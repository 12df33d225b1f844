//! `shipway policy`

use clap::Subcommand;

use crate::failure::Outcome;

mod check;
mod files;
mod lint;
mod test;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Check(check::Check),
    Test(test::Test),
    Lint(lint::Lint),
}

impl Policy {
    pub(crate) fn run(self) -> Outcome {
        match self {
            Self::Check(it) => it.run(),
            Self::Test(it) => it.run(),
            Self::Lint(it) => it.run(),
        }
    }
}
