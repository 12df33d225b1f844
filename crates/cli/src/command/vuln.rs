//! `shipway vuln`

use clap::Subcommand;

use crate::failure::Outcome;
use crate::settings::ConnectionArgs;

mod affected;
mod export;
mod import;

#[derive(Debug, Subcommand)]
pub(crate) enum Vuln {
    Import(import::Import),
    Affected(affected::Affected),
}

impl Vuln {
    pub(crate) async fn run(self, connection: &ConnectionArgs) -> Outcome {
        match self {
            Self::Import(it) => it.run(connection).await,
            Self::Affected(it) => it.run(connection).await,
        }
    }
}
