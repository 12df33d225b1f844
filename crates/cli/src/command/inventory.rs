//! `shipway inventory`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod export;
mod show;

#[derive(Debug, Subcommand)]
pub(crate) enum Inventory {
    Show(show::Show),
    Export(export::Export),
}

impl Inventory {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Show(it) => it.run(connection).await,
            Self::Export(it) => it.run(connection).await,
        }
    }
}
