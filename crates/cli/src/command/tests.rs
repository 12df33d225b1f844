//! `shipway tests`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod flaky;
mod quarantine;
mod select;

#[derive(Debug, Subcommand)]
pub(crate) enum Tests {
    Flaky(flaky::Flaky),
    /// Set tests aside, with somebody who mends them and a day
    #[command(subcommand)]
    Quarantine(quarantine::Quarantine),
    Select(select::Select),
}

impl Tests {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Flaky(it) => it.run(connection).await,
            Self::Quarantine(it) => it.run(connection).await,
            Self::Select(it) => it.run(connection).await,
        }
    }

    pub(crate) fn asks_a_control_plane(&self) -> bool {
        match self {
            Self::Flaky(_) | Self::Quarantine(_) => true,
            Self::Select(it) => it.asks_a_control_plane(),
        }
    }
}
