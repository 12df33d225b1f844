//! `shipway config`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Config {
    Show(show::Show),
}

impl Config {
    pub(crate) fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Show(it) => it.run(connection),
        }
    }
}
