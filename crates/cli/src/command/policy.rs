//! `shipway policy`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod backtest;
mod check;
mod files;
mod lint;
mod test;

#[derive(Debug, Subcommand)]
pub(crate) enum Policy {
    Check(check::Check),
    Test(test::Test),
    Lint(lint::Lint),
    Backtest(backtest::Backtest),
}

impl Policy {
    /// The others work on files alone.
    pub(crate) fn asks_a_control_plane(&self) -> bool {
        matches!(self, Self::Backtest(_))
    }

    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Check(it) => it.run(),
            Self::Test(it) => it.run(),
            Self::Lint(it) => it.run(),
            Self::Backtest(it) => it.run(connection).await,
        }
    }
}
